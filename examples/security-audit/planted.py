"""What is planted in each repository of the sample organization: the file and the rules it breaks.

`make_organization.py` writes it. Beside every weakness stands something alike that is none, so
that a scanner which shouts at words is found out.
"""

from __future__ import annotations

import json

from sample import Mint, Sample


def _auth_service(repo: Sample, mint: Mint) -> None:
    repo.topics = ("python", "tier-1")
    repo.plant(
        "auth/passwords.py",
        "import hashlib\nfrom hashlib import sha1 as digest\n\n\n"
        "def hash_password(value: str) -> str:\n"
        "    return hashlib.md5(value.encode()).hexdigest()\n\n\n"
        "def check(password: str, stored: str) -> bool:\n"
        "    return digest(password.encode()).hexdigest() == stored\n\n\n"
        "def etag(body: bytes) -> str:\n"
        "    return hashlib.md5(body, usedforsecurity=False).hexdigest()\n",
        python_password_hash=2,
    )
    repo.plant(
        "auth/store.py",
        "def find(cursor, name):\n"
        "    cursor.execute(f\"SELECT id FROM users WHERE name = '{name}'\")\n"
        '    cursor.execute("SELECT id FROM users WHERE name = " + name)\n'
        '    cursor.execute("SELECT id FROM users WHERE name = ?", (name,))\n',
        python_sql_text=2,
    )
    repo.plant("deploy/id_rsa", mint.private_key(), private_key=1)
    repo.plant(
        ".env",
        f"DEBUG=0\nSESSION_SECRET={mint(40)}\nAPI_KEY=changeme-changeme-1A\n",
        secret_assignment=1,
    )


def _billing(repo: Sample, mint: Mint) -> None:
    repo.topics = ("python", "tier-1")
    repo.plant(
        "billing/settings.py",
        f'STRIPE = "{mint.stripe()}"\nTEST_KEY = "sk_test_{mint(24)}"\n'
        f'DATABASE = "postgresql://billing:{mint(14)}@db.internal/billing"\n'
        'LOCAL = "postgresql://billing:${PASSWORD}@localhost/billing"\n',
        stripe_live_key=1,
        url_password=1,
    )
    repo.plant(
        "billing/export.py",
        "import subprocess\nfrom os import system\n\n\ndef export(path):\n"
        '    subprocess.run(f"gzip {path}", shell=True, check=True)\n'
        '    system("rm " + path)\n'
        '    subprocess.run("sync; sync", shell=True, check=True)\n'
        '    subprocess.run(["gzip", path], check=True)\n',
        python_shell=2,
    )


def _data_lake(repo: Sample, _mint: Mint) -> None:
    """More files than are read one by one: the scan refuses, rather than to scan a part."""
    repo.status, repo.rules = "failure", None
    for day in range(420):
        repo.files[f"samples/day-{day:03}.csv"] = f"day,value\n{day},{day * 7 % 101}\n"


def _design_system(repo: Sample, _mint: Mint) -> None:
    """Clean: words alone break no rule, and the scan says so with an empty run."""
    repo.topics = ("frontend",)
    repo.plant(
        "docs/security.md",
        "Never use `eval(`, `pickle.loads` or `yaml.load`. Tokens begin with `ghp_`.\n"
        'Write `password = "your-password-here"` in examples.\n',
    )
    repo.plant(
        "tools/check.py",
        '"""Refuses eval(x), pickle.loads(x) and shell=True."""\n\nimport ast\nimport yaml\n\n\n'
        "def read(text):\n    # eval(text) would be wrong\n"
        "    return ast.literal_eval(text), yaml.load(text, Loader=yaml.SafeLoader)\n",
    )


def _docs_site(repo: Sample, mint: Mint) -> None:
    repo.plant(
        "theme/search.js",
        "// eval('this is a comment')\nexport function show(box, hits) {\n"
        "  box.innerHTML = hits.map((hit) => hit.title).join('');\n"
        "  box.innerHTML = '';\n  box.textContent = hits.length;\n}\n",
        javascript_inner_html=1,
    )
    repo.plant("theme/maps.js", f"export const key = '{mint.google()}';\n", google_api_key=1)


def _gateway(repo: Sample, mint: Mint) -> None:
    repo.topics = ("javascript", "tier-1")
    repo.plant(
        "src/proxy.ts",
        "import https from 'node:https';\n\n"
        "export const agent = new https.Agent({ rejectUnauthorized: false });\n"
        "export const rule = (text: string) => new Function('request', text);\n"
        "export const parse = (text: string) => JSON.parse(text);\n",
        javascript_no_tls_check=1,
        javascript_eval=1,
    )
    repo.plant("Dockerfile", "FROM node:latest\nRUN npm ci\n", docker_unpinned_image=1)
    repo.plant(".npmrc", f"//registry.example/:_authToken={mint.npm()}\n", package_token=1)


def _infra(repo: Sample, mint: Mint) -> None:
    repo.topics = ("terraform", "tier-1")
    repo.plant(
        ".github/workflows/greet.yml",
        "on: issues\njobs:\n  greet:\n    runs-on: ubuntu-latest\n    steps:\n"
        '      - run: echo "Thanks for ${{ github.event.issue.title }}"\n'
        '      - run: echo "Thanks for $TITLE"\n'
        "        env:\n          TITLE: ${{ github.event.issue.title }}\n",
        workflow_injection=1,
    )
    repo.plant(
        "aws/main.tf", f'provider "aws" {{\n  access_key = "{mint.aws()}"\n}}\n', aws_access_key=1
    )
    repo.plant(
        "aws/tls.py",
        "import ssl\nimport requests\n\n\ndef state(url):\n"
        "    requests.get(url, verify=False, timeout=5)\n"
        "    requests.get(url, verify='/etc/ca.pem', timeout=5)\n"
        "    return ssl._create_unverified_context()\n",
        python_no_tls_check=2,
    )


def _legacy_billing(repo: Sample, mint: Mint) -> None:
    """Another tool's SARIF, cut off when that tool was killed, is committed here."""
    whole = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "oldlint"}}}]})
    repo.files["reports/oldlint.sarif"] = whole[: len(whole) // 2]
    repo.passed_along = ["reports/oldlint.sarif"]
    repo.plant("billing.py", "def run(order):\n    eval(order)\n    exec('x = 1')\n", python_eval=1)
    repo.plant("chat.yml", f'slack_token: "{mint.slack()}"\n', slack_token=1)


def _ml_models(repo: Sample, _mint: Mint) -> None:
    repo.topics = ("python", "research")
    repo.plant(
        "models/load.py",
        "import pickle as p\nfrom marshal import loads\nimport json\nimport yaml\n\n\n"
        "def load(data, text):\n    p.loads(data)\n    loads(data)\n"
        "    yaml.load(text)\n    yaml.load(text, Loader=yaml.FullLoader)\n"
        "    yaml.safe_load(text)\n    return json.loads(text)\n",
        python_unpickle=2,
        python_yaml_load=2,
    )
    repo.plant("models/scratch.py", "import tempfile\nPATH = tempfile.mktemp()\n", python_mktemp=1)


def _mobile_app(repo: Sample, mint: Mint) -> None:
    repo.plant("fixtures/session.json", json.dumps({"jwt": mint.web_token()}), json_web_token=1)
    repo.plant("app/keys.ts", f"export const token = '{mint.github()}';\n", github_token=1)


def _old_portal(repo: Sample, mint: Mint) -> None:
    """Archived: left out by the spec, and no upload could go there."""
    repo.archived = True
    repo.plant("index.py", f'TOKEN = "{mint.github()}"\n', github_token=1)


def _reports(repo: Sample, _mint: Mint) -> None:
    """Python 2 and text that is no UTF-8: scanned as far as it goes, and told as partial."""
    repo.status = "partial"
    repo.plant("legacy.py", 'print "done"\n')
    repo.plant(
        "größe/übersicht.py",
        "import hashlib\n\n\ndef größe(daten):\n"
        '    return "📊", hashlib.sha1(daten).hexdigest()  # Prüfsumme\n',
        python_weak_hash=1,
    )
    repo.plant(
        "serve.py",
        "from flask import Flask\n\napp = Flask(__name__)\napp.run(debug=True)\n",
        python_debug_server=1,
    )


def _terraform_fork(repo: Sample, mint: Mint) -> None:
    """A fork: left out by the spec, since its findings are those of somebody else."""
    repo.fork = True
    repo.plant("main.tf", f'access_key = "{mint.aws()}"\n', aws_access_key=1)


def _web_shop(repo: Sample, mint: Mint) -> None:
    """Another tool's whole SARIF is committed here, and goes along beside the own one."""
    run = {
        "tool": {"driver": {"name": "stylecheck", "rules": [{"id": "S1"}]}},
        "results": [{"ruleId": "S1", "message": {"text": "A line is too long."}}],
    }
    log = {"version": "2.1.0", "runs": [run]}
    repo.files["reports/stylecheck.sarif"] = json.dumps(log, indent=2) + "\n"
    repo.passed_along = ["reports/stylecheck.sarif"]
    repo.plant("shop/pay.py", f'KEYS = ["{mint.stripe()}", "{mint.stripe()}"]\n', stripe_live_key=2)


BUILDERS = {
    "auth-service": _auth_service,
    "billing": _billing,
    "data-lake": _data_lake,
    "design-system": _design_system,
    "docs-site": _docs_site,
    "gateway": _gateway,
    "infra": _infra,
    "legacy-billing": _legacy_billing,
    "ml-models": _ml_models,
    "mobile-app": _mobile_app,
    "old-portal": _old_portal,
    "reports": _reports,
    "terraform-fork": _terraform_fork,
    "web-shop": _web_shop,
}
