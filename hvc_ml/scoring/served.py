"""The script that MLflow runs to serve a customer model; it reads the bundle as our own scoring does."""

from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tracking.serving import serve

serve(CustomerModel.load)
