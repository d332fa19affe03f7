"""A watch over what was promised: drift of inputs and risks, performance expected and come true, alerts in money."""
