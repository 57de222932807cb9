"""What the page is made of, seen without a browser."""

from __future__ import annotations

import re
from importlib.resources import files

from thinkcap.serve import page
from thinkcap.serve.guard import content_policy


def test_it_comes_from_nowhere_else() -> None:
    assert set(re.findall(r"https?://[^\s'\"`]+", page.html())) == {
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/2000/svg",
    }
    assert not re.search(r"@import|url\(|<link(?! rel=\"icon\" href=\"data:)", page.html())


def test_every_file_of_its_folder_is_in_it() -> None:
    scripts = {each.name for each in files("thinkcap.serve.page").iterdir() if each.name.endswith(".js")}
    assert scripts == {f"{name}.js" for name in page.SCRIPTS}
    assert "{{" not in page.html().replace("${{", "")


def test_nothing_turns_text_into_markup_or_code() -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|setHTML|eval\(|Function\(|srcdoc"
    assert not re.search(forbidden, page.html())


def test_its_policy_admits_one_script_and_one_style() -> None:
    policy = content_policy(page.html())
    assert policy.count("sha256-") == 2
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
