"""Tables of other people, written for one test."""

import pytest


@pytest.fixture
def table_file(tmp_path):
    """A maker of opened table files: content as text or bytes, settings as keywords."""

    def make(content, name="table.csv", encoding="utf-8", emit=lambda event: None, **settings):
        from workbench.data.sources.table_file import TableFileSection, TableFileSource

        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        section = TableFileSection(path=str(path), **settings)
        source = TableFileSource()
        samples = source.open(section, emit)
        assert source.target_kind(section) == samples.target.kind
        return samples

    return make


@pytest.fixture
def problems_of():
    """The problems of opened samples, a text each."""
    return lambda samples: [f"{problem.where}: {problem.reason}" for problem in samples.problems]
