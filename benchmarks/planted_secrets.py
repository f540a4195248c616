"""How many planted secrets are found, and how much besides: `python -m benchmarks.planted_secrets`.

Every form below is a way in which people leave a credential in a repository, written for this measurement. `⟨p⟩` stands for a
password as people make them, `⟨t⟩` for a generated token, `⟨h⟩` for hex, `⟨b:…⟩` for the base64 of its content. Forms on odd
places of the list were at hand while the detectors were written, those on even places were not.
"""

import base64
import random
import re
import string
from dataclasses import dataclass

from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file

SEEDS = 5
_WORDS = ("tulip", "harbor", "meadow", "copper", "lantern", "willow", "saddle", "pepper", "glacier", "ribbon", "cobalt", "walnut")

FORMS: tuple[tuple[str, str], ...] = (
    (".env", "APP_NAME=shop\nDB_PASSWORD=⟨p⟩\nDEBUG=1\n"),
    ("deploy/prod.env", "export STRIPE_WEBHOOK_SECRET='whsec_⟨t⟩'\n"),
    ("config/settings.ini", "[db]\nuser = shop\npassword = ⟨p⟩\n"),
    ("config/app.properties", "spring.datasource.url=jdbc:postgresql://db/shop\nspring.datasource.password=⟨p⟩\n"),
    ("config/database.yml", "production:\n  adapter: mysql2\n  password: ⟨p⟩\n"),
    ("config/secrets.yml", "production:\n  secret_key_base: ⟨h⟩\n"),
    ("docker-compose.yml", "services:\n  db:\n    environment:\n      - MYSQL_ROOT_PASSWORD=⟨p⟩\n"),
    ("compose.yaml", "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ⟨p⟩\n"),
    ("Dockerfile", "FROM debian\nENV API_TOKEN=⟨t⟩\n"),
    ("build/Dockerfile", "FROM debian\nARG NPM_TOKEN=⟨t⟩\nENV DB_PASS ⟨p⟩\n"),
    ("main.tf", 'resource "aws_db_instance" "x" {\n  username = "shop"\n  password = "⟨p⟩"\n}\n'),
    ("variables.tfvars", 'db_admin_password = "⟨p⟩"\n'),
    ("terraform.tfstate", '{"resources": [{"instances": [{"attributes": {"username": "shop",\n "master_password": "⟨p⟩"}}]}]}'),
    ("config.json", '{\n  "host": "db",\n  "password": "⟨p⟩"\n}\n'),
    ("task.json", '{"environment": [{"name": "REGION", "value": "eu"},\n{"name": "API_SECRET", "value": "⟨t⟩"}]}'),
    ("appsettings.json", '{"ConnectionStrings": {\n"Default": "Server=db;User Id=sa;Password=⟨p⟩;"}}'),
    ("web.config", '<add name="x" connectionString="Server=db;uid=sa;pwd=⟨p⟩;" />\n'),
    ("settings.xml", "<server>\n<id>r</id>\n<username>ci</username>\n<password>⟨p⟩</password>\n</server>"),
    ("tomcat-users.xml", '<user username="admin"\n password="⟨p⟩" roles="manager"/>'),
    ("notebooks/load.ipynb", '{"cells": [{"source": [\n"api_key = \\"⟨t⟩\\"\\n"\n]}]}'),
    ("notebooks/plot.ipynb", '{"cells": [{"source": ["x\\n",\n"engine = connect(password=\'⟨p⟩\')\\n"]}]}'),
    ("k8s/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: ⟨b:⟨p⟩⟩\n"),
    ("k8s/deploy.yaml", "kind: Deployment\nspec:\n  env:\n    - name: DB_PASSWORD\n      value: ⟨p⟩\n"),
    ("k8s/string.yaml", "kind: Secret\nstringData:\n  token: ⟨t⟩\n"),
    (".docker/config.json", '{"auths": {"r.acme.io": {\n"auth": "⟨b:ci:⟨p⟩⟩"}}}'),
    (".dockercfg", '{"r.acme.io": {\n"auth": "⟨b:deploy:⟨t⟩⟩", "email": "a@acme.io"}}'),
    (".npmrc", "registry=https://npm.acme.io/\n//npm.acme.io/:_authToken=⟨t⟩\n"),
    (".pypirc", "[acme]\nrepository: https://p.acme.io\nusername: ci\npassword: ⟨p⟩\n"),
    (".netrc", "machine git.acme.io login ci password ⟨p⟩\n"),
    (".pgpass", "db.acme.io:5432:shop:app:⟨p⟩\n"),
    (".my.cnf", "[client]\nuser=root\npassword=⟨p⟩\n"),
    (".s3cfg", "[default]\nhost_base = s3.acme.io\nsecret_key = ⟨t40⟩\n"),
    ("etc/.htpasswd", "ann:$apr1$⟨s8⟩$⟨s22⟩\n"),
    ("backup/shadow", "root:$6$⟨s8⟩$⟨s86⟩:19000:0:99999:7:::\n"),
    ("wp-config.php", "<?php\ndefine('DB_NAME', 'shop');\ndefine('DB_PASSWORD', '⟨p⟩');\n"),
    ("wp/wp-config.php", "<?php\ndefine('AUTH_KEY', '⟨t64⟩');\n"),
    ("src/client.js", 'const client = new Api({\n  apiKey: "⟨t⟩"\n});\n'),
    ("src/db.ts", "export const dbPassword: string = '⟨p⟩';\n"),
    ("src/Main.java", 'class Main {\n  private static final String DB_PASSWORD = "⟨p⟩";\n}\n'),
    ("src/Pool.java", 'class Pool {\n  void a(Source s) {\n    s.setPassword("⟨p⟩");\n  }\n}\n'),
    ("cmd/main.go", 'package main\n\nvar authToken = "⟨t⟩"\n'),
    ("cmd/serve.go", 'package main\n\nfunc f() {\n\tos.Setenv("JWT_SECRET", "⟨t⟩")\n}\n'),
    ("lib/mail.rb", "Mail.defaults do\n  delivery_method :smtp, password: '⟨p⟩'\nend\n"),
    ("lib/pay.rb", "Pay.setup do |c|\n  c.private_key = '⟨t⟩'\nend\n"),
    ("src/Pay.php", "<?php\n$config = [\n  'secret' => '⟨t⟩',\n];\n"),
    ("app/Db.cs", 'class Db {\n  const string Password = "⟨p⟩";\n}\n'),
    ("bin/backup.sh", "#!/bin/sh\nmysqldump -u root -p⟨p⟩ shop > x.sql\n"),
    ("bin/fetch.sh", "#!/bin/sh\ncurl -s -u ci:⟨p⟩ https://git.acme.io/x\n"),
    ("bin/copy.sh", "#!/bin/sh\nsshpass -p '⟨p⟩' scp x ann@h:\n"),
    ("bin/call.sh", '#!/bin/sh\ncurl -H "Authorization: Bearer ⟨t⟩" https://a.acme.io\n'),
    ("db/users.sql", "CREATE USER 'app'@'%' IDENTIFIED BY '⟨p⟩';\n"),
    ("db/roles.sql", "ALTER ROLE app WITH PASSWORD '⟨p⟩';\n"),
    ("docs/setup.md", "Log in with:\n\n    api_token: ⟨t⟩\n"),
    ("NOTES.txt", "git remote add x https://ci:⟨p⟩@git.acme.io/x.git\n"),
    ("app/settings.py", 'DATABASES = {\n    "default": {"USER": "shop", "PASSWORD": "⟨p⟩"},\n}\n'),
    ("app/config.py", 'import os\n\nSECRET_KEY = "⟨t⟩"\n'),
    ("app/mail.py", 'def send(smtp):\n    smtp.login("shop", password="⟨p⟩")\n'),
    ("app/queue.py", 'URL = "amqp://shop:⟨p⟩@mq.acme.io:5672/x"\n'),
    ("app/slack.py", 'import x\n\nHOOK = "https://hooks.slack.com/services/T04QZK81N/B7LM2XR90/⟨t24⟩"\n'),
    ("app/github.py", 'import x\n\nheaders = {"Authorization": "token ⟨t40⟩"}\n'),
    ("app/encoded.py", 'import x\n\nBLOB = "⟨b:{"url": "postgres://shop:⟨p⟩@db.acme.io/x"}⟩"\n'),
    ("app/old.yml", "x:\n  # smtp_password: ⟨p⟩\n  host: mail\n"),
    (".git-credentials", "https://ci:⟨t⟩@git.acme.io\n"),
    (".remote-sync.json", '{\n "hostname": "h",\n "password": "⟨p⟩"\n}'),
    ("sftp-config.json", '{\n // a comment\n "user": "ann",\n "password": "⟨p⟩",\n}'),
    (".idea/WebServers.xml", '<fileTransfer host="h"\n password="⟨h⟩" username="ann"/>'),
    ("sites.xml", '<Server><Host>h</Host>\n<Pass encoding="base64">⟨b:⟨p⟩⟩</Pass></Server>'),
    ("ci/.gitlab-ci.yml", "deploy:\n  script:\n    - docker login -u ci -p ⟨p⟩ r.acme.io\n"),
    ("Jenkinsfile", "pipeline {\n  environment {\n    API_KEY = '⟨t⟩'\n  }\n}\n"),
    ("gradle.properties", "org.gradle.daemon=true\nnexusPassword=⟨p⟩\n"),
    ("ansible/hosts.ini", "[web]\nh1 ansible_user=root ansible_password=⟨p⟩\n"),
    ("ansible/vars.yml", 'mysql:\n  root_pass: "⟨p⟩"\n'),
    ("key.pem", "-----BEGIN RSA PRIVATE KEY-----\n⟨t64⟩\n⟨t64⟩\n-----END RSA PRIVATE KEY-----\n"),
    ("config.toml", '[auth]\nclient_secret = "⟨t⟩"\n'),
    ("pool.toml", '[db]\npassword = "⟨p⟩"  # shop\n'),
    ("ios/Info.plist", "<dict>\n<key>ApiSecret</key>\n<string>⟨t⟩</string>\n</dict>"),
    ("android/strings.xml", '<resources>\n<string name="api_key">⟨t⟩</string>\n</resources>'),
)
"""Path and text; the line with a placeholder is the line at risk."""

CLEAN: tuple[tuple[str, str], ...] = (
    (".env.example", "DB_PASSWORD=\nAPI_KEY=<your key>\nTOKEN=your-token-here\n"),
    ("config/app.yml", "db:\n  password: ${DB_PASSWORD}\n  secret_name: shop-db\n  key_file: /run/secrets/db\n"),
    ("src/form.tsx", '<Input type="password" name="password" placeholder="Password" />\nconst label = { password: "Your password" };\n'),
    ("src/i18n.json", '{"password": "Passwort", "token_expired": "The token has expired", "secret": "Geheimnis"}'),
    ("package-lock.json", '{"integrity": "sha512-k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAoDk3Tz9QpXv7LmW2rB8sYdN4hA=="}'),
    ("app/views.py", 'def login(request):\n    password = request.form["password"]\n    token = make_token(password)\n    key = "user:%s" % token\n'),
    ("k8s/deploy.yaml", "env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef: {name: db, key: password}\n"),
    ("main.tf", 'resource "x" "y" {\n  password = var.db_password\n  kms_key_id = "arn:aws:kms:eu:1:key/2"\n}\n'),
    ("docs/auth.md", "Set `password: hunter2` or pass a token: `Authorization: Bearer <token>`.\n"),
    ("lib/auth.rb", "attr_accessor :password, :api_key\nvalidates :password, presence: true\nsecret = ENV['SECRET']\n"),
    ("src/Auth.java", 'String PASSWORD_FIELD = "password";\nString token = request.getHeader("X-Auth-Token");\n'),
    ("Dockerfile", "ARG NPM_TOKEN\nENV PASSWORD_FILE=/run/secrets/p\nRUN echo $NPM_TOKEN\n"),
)


@dataclass(frozen=True)
class Score:
    """Lines at risk, those found, and findings of secrets on other lines."""

    lines: int
    found: int
    extra: int
    missed: tuple[str, ...]


def score(forms: tuple[tuple[str, str], ...], seeds: int = SEEDS) -> Score:
    """Plants every form `seeds` times with other values and counts."""
    lines = found = extra = 0
    missed: list[str] = []
    for seed in range(seeds):
        for number, (path, form) in enumerate(forms):
            chance = random.Random(seed * 1000 + number)
            risky = {n for n, line in enumerate(form.split("\n"), 1) if "⟨" in line}
            report = review_file(SourceFile(path, planted(form, chance).encode()), ReviewOptions())
            seen = {n for one in report.findings if one.secret for n in range(one.line, one.end_line + 1)}
            lines, found, extra = lines + len(risky), found + len(risky & seen), extra + len(seen - risky)
            missed += [f"{path}:{n}" for n in sorted(risky - seen)]
    return Score(lines, found, extra, tuple(sorted(set(missed))))


def planted(form: str, chance: random.Random) -> str:
    """The form with made-up secrets in it."""
    letters = string.ascii_letters + string.digits

    def plain(match: re.Match[str]) -> str:
        kind, length = match[1], int(match[2] or 0)
        if kind == "p":
            return made_password(chance)
        signs = {"h": "0123456789abcdef", "s": letters + "./"}.get(kind, letters)
        return "".join(chance.choice(signs) for _ in range(length or {"h": 64}.get(kind, 32)))

    inner = re.sub(r"⟨([pths])(\d*)⟩", plain, form)
    return re.sub(r"⟨b:(.*?)⟩", lambda match: base64.b64encode(match[1].encode()).decode(), inner)


def made_password(chance: random.Random) -> str:
    """A password as people make them."""
    one, other = chance.sample(_WORDS, 2)
    number = chance.randint(2, 999)
    return chance.choice((f"{one}-{number}-{other}", f"{one.title()}{number}!", f"{one}{other}{number}", f"{one[:3].upper()}{number}{other}",
                          f"{one.replace('e', '3').replace('o', '0')}_{number}", "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(10)) + "7q"))


def main() -> None:
    """Prints both halves and what is found in a tree without secrets."""
    for name, forms in (("seen while writing", FORMS[0::2]), ("held out", FORMS[1::2]), ("clean look-alikes", CLEAN)):
        done = score(forms)
        share = f"{100 * done.found / done.lines:.1f} %" if done.lines else "–"
        print(f"{name}: {done.found} of {done.lines} lines at risk found ({share}), {done.extra} extra")
        if name != "held out":
            print(*(f"  missed {one}" for one in done.missed), sep="\n")


if __name__ == "__main__":
    main()
