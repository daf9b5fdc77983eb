"""A rule that needs a path from the command line says so."""

import pytest

from cxr.core.errors import InputError
from cxr.planning.command_line import images_folder, query_file


def test_paths_that_exist_are_returned(tmp_path):
    file = tmp_path / "query.png"
    file.touch()
    study = {"images": str(tmp_path), "query": str(file), "model": None, "encoders": {}}
    assert images_folder(study) == str(tmp_path)
    assert query_file(study) == str(file)


@pytest.mark.parametrize(
    ("function", "value", "message"),
    [
        (images_folder, None, "predict needs a folder of images: --config images=FOLDER"),
        (images_folder, "nowhere", "config key 'images': there is no folder nowhere"),
        (query_file, None, "similar needs an image: --config query=FILE"),
        (query_file, "nowhere", "config key 'query': there is no file nowhere"),
    ],
)
def test_a_missing_path_is_one_clear_line(function, value, message):
    with pytest.raises(InputError) as error:
        function({"images": value, "query": value, "model": None, "encoders": {}})
    assert str(error.value) == message


def test_an_encoder_predicts_nothing(tmp_path):
    study = {"images": str(tmp_path), "model": "enc", "encoders": {"enc": {}}}
    with pytest.raises(InputError, match="predict needs a network, and 'enc' is an encoder"):
        images_folder(study)
