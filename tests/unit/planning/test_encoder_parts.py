"""Jobs of an encoder depend on what they use, and on no place of this machine."""

import pytest

from cxr.config.resolve import resolve
from cxr.core.errors import InputError
from cxr.planning import encoder_parts
from cxr.planning.encoder_parts import encoder_part, require_packages
from cxr.planning.public import public_config
from tests.helpers.study import TINY


def encoder_of(**others):
    study = resolve(
        TINY | {"encoders": {"enc": {"library": "timm", "path": "/here/ours", **others}}}
    )
    return study["encoders"]["enc"]


def test_terms_chunks_and_places_change_no_features():
    plain = encoder_of()
    other = encoder_of(licence="MIT", citation="Somebody", chunks=3, path="/there/ours")
    assert encoder_part(plain, "features") == encoder_part(other, "features")
    assert encoder_part(plain, "features") != encoder_part(encoder_of(pooling="cls"), "features")
    assert encoder_part(plain, "files") != encoder_part(other, "files")
    assert encoder_part(plain, "files") == encoder_part(encoder_of(chunks=3), "files")


def test_others_see_the_last_name_of_a_folder():
    study = resolve(TINY | {"encoders": {"enc": {"library": "timm", "path": "/home/me/ours"}}})
    assert public_config(study)["encoders"]["enc"]["path"] == "ours"


def test_a_missing_package_is_one_line(monkeypatch):
    require_packages({"enc": {"library": "timm"}})
    monkeypatch.setattr(encoder_parts, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"encoders.enc.library.*timm is not.*make encoders"):
        require_packages({"enc": {"library": "timm"}})
