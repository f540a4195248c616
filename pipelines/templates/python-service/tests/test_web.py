from tidewater.web import create_app


def test_a_passage_is_remembered(tmp_path):
    client = create_app(str(tmp_path / "log.sqlite")).test_client()
    assert client.post("/passages", json={"ship": "Anna", "direction": "up"}).status_code == 201
    assert [row["direction"] for row in client.get("/passages?ship=Anna").get_json()] == ["up"]


def test_a_quote_in_a_name_is_only_a_quote(tmp_path):
    client = create_app(str(tmp_path / "log.sqlite")).test_client()
    assert client.get("/passages?ship=' OR 1=1 --").get_json() == []


def test_a_passage_without_direction_is_refused(tmp_path):
    client = create_app(str(tmp_path / "log.sqlite")).test_client()
    assert client.post("/passages", json={"ship": "Anna"}).status_code == 400
