import pytest
from pydantic import ValidationError

from lamina_studio.errors import ConfigurationError
from lamina_studio.main import create_app
from lamina_studio.settings import Settings


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path))
    monkeypatch.setenv("LAMINA_PORT", "9000")
    monkeypatch.setenv("LAMINA_ALLOWED_HOSTS", "Studio.Example, other.example:80 ,")
    monkeypatch.setenv("LAMINA_TOKEN", "chosen")
    settings = Settings()
    assert settings.home == tmp_path
    assert settings.port == 9000
    assert settings.allowed_hosts == ("studio.example", "other.example:80")
    assert settings.token.get_secret_value() == "chosen"


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("LAMINA_TOKEN", "")
    monkeypatch.setenv("LAMINA_PORT", "")
    assert Settings().token is None
    assert Settings().port == 8420


def test_the_home_folder_may_begin_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(home="~/studio").home == tmp_path / "studio"


def test_data_lies_in_the_home_folder_unless_said_otherwise(tmp_path):
    assert Settings(home=tmp_path).datasets_folder == tmp_path / "datasets"
    assert Settings(home=tmp_path, datasets=tmp_path / "d").datasets_folder == tmp_path / "d"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "sqlite+aiosqlite:///{home}/lamina.db"),
        ("sqlite:////data/x.db", "sqlite+aiosqlite:////data/x.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_a_database_address_gets_an_asynchronous_driver(tmp_path, given, used):
    settings = Settings(home=tmp_path, database_url=given)
    assert settings.database_address == used.format(home=tmp_path)


def test_secrets_do_not_show_when_settings_are_printed(tmp_path):
    settings = Settings(home=tmp_path, token="very-secret", database_url="postgresql://u:pw9@h/d")
    assert "very-secret" not in repr(settings)
    assert "pw9" not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_alone_needs_no_more(host, tmp_path):
    Settings(host=host, home=tmp_path).require_safe_address()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "studio.example", ""])
@pytest.mark.parametrize("given", [{}, {"token": "chosen"}, {"allowed_hosts": "studio.example"}])
def test_other_machines_need_a_token_and_host_names(host, given, tmp_path):
    with pytest.raises(ConfigurationError, match=r"LAMINA_ALLOWED_HOSTS .* LAMINA_TOKEN"):
        create_app(Settings(host=host, home=tmp_path, **given))
    Settings(host=host, token="t", allowed_hosts="studio.example").require_safe_address()


def test_storage_elsewhere_is_refused_rather_than_ignored():
    with pytest.raises(ValidationError, match="leave it unset"):
        Settings(storage_url="s3://bucket")
    assert Settings().storage_url is None


@pytest.mark.parametrize("wrong", [{"port": 70_000}, {"port": -1}, {"max_parallel": 0}])
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_the_home_folder_is_made_for_this_user_alone(tmp_path):
    home = tmp_path / "a" / "b"
    Settings(home=home).prepare_home()
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_home_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "home").write_text("x")
    with pytest.raises(ConfigurationError, match="is a file: choose a folder"):
        Settings(home=tmp_path / "home").prepare_home()


def test_every_setting_says_what_it_is():
    for name, field in Settings.model_fields.items():
        assert field.description, name
