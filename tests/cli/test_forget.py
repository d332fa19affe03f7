"""What `forget` prints: counts, what remains elsewhere, and nobody's id."""

import json

from typer.testing import CliRunner

from hvc_ml.cli.app import app
from workflows.worked import publish, shop


def told(project, *argv):
    result = CliRunner().invoke(app, ["forget", "-c", str(project.path), *argv], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_it_tells_what_was_removed_and_what_is_yours(tmp_path):
    project = shop(tmp_path)
    list_dir = publish(project, run="bbbb", formats=("parquet", "csv"))
    (list_dir / "notes.docx").write_bytes(b"?")
    (tmp_path / "objections.txt").write_text("c201\n")
    project.path.write_text(project.path.read_text() + "list: {suppress: objections.txt}\n")
    (tmp_path / "erase.txt").write_text("c200\nc201\n")
    text = told(project, "--id-file", str(tmp_path / "erase.txt"))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "2 customers: 10 rows removed from 5 files, and 0 panels to be made anew."
    assert f"lists/{list_dir.name}/retention_list.csv 2" in lines
    assert any(line.startswith("Your source still has rows of them (orders 4)") for line in lines)
    assert any(line.startswith("list.suppress names 1 of them") for line in lines)
    assert f"Look yourself, we cannot read these: lists/{list_dir.name}/notes.docx" in lines
    assert lines[-1].startswith("Receipt: ")
    assert "c200" not in text


def test_json_is_one_object_and_a_source_that_is_gone_is_said(tmp_path):
    project = shop(tmp_path)
    (tmp_path / "orders.csv").unlink()
    found = json.loads(told(project, "--id", "c200", "--id", "c999", "--json"))
    assert (found["customers"], found["rows_removed"]) == (2, 2)
    assert found["remains"]["source"] is None
    assert "orders.csv" in found["remains"]["source_says"]
    assert "Your source could not be read" in told(project, "--id", "c200")
