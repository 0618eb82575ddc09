"""The runs that the tests of inspection are made with."""

import importlib.util
from pathlib import Path

_place = Path(__file__).parents[1] / "inspection" / "conftest.py"
_spec = importlib.util.spec_from_file_location("inspection_fixtures", _place)
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
digits_run = _fixtures.digits_run
