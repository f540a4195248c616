"""The pages that are made from the rule files."""

from analyzers.rule import all_rules, message_of, name_of, references_of
from tests.lockgate_server import Server

PAGE = {"Accept": "text/html"}


def test_every_detector_is_listed(server: Server):
    text = server.call("GET", "/detectors", headers=PAGE).text
    assert all(f'href="/detectors/{name_of(rule)}"' in text for rule in all_rules())


def test_a_detector_page_teaches(server: Server):
    rule = next(one for one in all_rules() if name_of(one) == "ecb-mode")
    text = server.call("GET", "/detectors/ecb-mode", headers=PAGE).text
    assert message_of(rule) in text and "CWE-327" in text
    assert all(f'href="{one}"' in text for one in references_of(rule))
    assert "AES.new(key, AES.MODE_ECB)" in text and "lockgate: ignore[ecb-mode]" in text


def test_what_only_data_flow_finds_has_a_page(server: Server):
    text = server.call("GET", "/detectors/path-traversal", headers=PAGE).text
    assert "A stranger decides which file is read or written." in text and "CWE-22" in text
    assert 'href="https://cwe.mitre.org/data/definitions/22.html"' in text


def test_an_unknown_detector_is_missing(server: Server):
    assert server.call("GET", "/detectors/no-such-rule", headers=PAGE).status == 404


def test_strangers_see_no_detectors(server: Server):
    assert server.call("GET", "/detectors", token=None, headers=PAGE).status in (302, 303, 401)
