#!/usr/bin/env python3
"""The reference of the manual, made from the comments of include/: each public name with its comment and declaration.

usage: reference.py [SECTION]    prints a section, or what there is to complain of: names of tests/public_names.txt that
                                 no header declares where the reference looks, and public names without a comment
"""
import dataclasses
import functools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
NAMES = ROOT / "tests" / "public_names.txt"

# Sections of the manual, and the headers that each shows, in this order: files, or folders for what is left in them.
SECTIONS = {
    "networks": ["network.hpp", "input.hpp", "output.hpp", "shared.hpp"],
    "models": ["model/tflite.hpp", "model/sourced.hpp", "model/sourced_weights.hpp"],
    "schedules": ["plan/schedule.hpp", "plan/budget.hpp"],
    "layer types": ["model/sequential.hpp", "model/topology.hpp"],
    "topologies": ["patch"],
    "refusals": ["model", "kernels", "isa"],
    "graphs": ["graph"],
    "plans": ["plan", "hosted", "run"],
    "reports": ["report"],
}

# What ends the name of a thing that is declared, by how its declaration begins.
NAMED = re.compile(r"(?:struct|class|enum class|concept|using)\s+(\w+)\b(?!\s*<|::)")
VALUE_OR_FUNCTION = re.compile(r"(?<![\w:])(?!alignas|requires|decltype)(operator\W+|\w+)\s*(?:\(|=|\{|;)")

# Headers whose types users only name.
NAMED_ONLY = {"inlay/plan/schedule.hpp", "inlay/plan/budget.hpp"}

# Members that are no user's business.
HIDDEN = re.compile(r"^static_assert|^friend (?:class|struct)|detail::topology_builder|refused_run")


@dataclasses.dataclass
class Entry:
    """What one comment says, and the declarations under it, which may have several names."""
    header: str
    comment: list[str]
    declarations: list[str]
    names: list[str]


# ---- C++, as clang-format leaves it ----------------------------------------------------------------------

def end_of_block(text: str, begin: int) -> int:
    """Behind the bracket that closes the one at `begin`; what is in strings, characters and comments does not count."""
    depth = 0
    for match in re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'|//[^\n]*|[{}()\[\]]").finditer(text, begin):
        depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    raise ValueError(f"no end of {text[begin:begin + 80]}")


def statements(text: str) -> list[str]:
    """What follows one another in a body: comments, labels, preprocessor lines, and declarations with their bodies."""
    found, at = [], 0
    token = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'|//[^\n]*|[{(\[;]")
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if line := re.compile(r"//[^\n]*|#(?:[^\n]*\\\n)*[^\n]*|(?:public|private|protected):").match(text, at):
            found.append(line[0])
            at = line.end()
            continue
        end = at
        while True:
            match = token.search(text, end)
            if match is None:
                raise ValueError(f"no end of {text[at:at + 80]}")
            if match[0] in "([":
                end = end_of_block(text, match.start())
            elif match[0] == "{":
                end = end_of_block(text, match.start())
                if is_function(text[at:match.start()]):
                    break
            elif match[0] == ";":
                end = match.end()
                break
            else:
                end = match.end()
        # What stands behind it in its line explains it.
        if rest := re.compile(r"[ ]*//[^\n]*").match(text, end):
            end = rest.end()
        found.append(text[at:end])
        at = end
    return found


def without_brackets(text: str) -> str:
    """The text without what stands in round brackets, and without the parameters of templates."""
    kept, depth = "", 0
    for c in re.sub(r"template\s*<(?:[^<>]|<[^<>]*>)*>", "", text):
        depth -= c == ")"
        if depth == 0:
            kept += c
        depth += c == "("
    return kept


def is_function(head: str) -> bool:
    """Whether what stands before a brace is a function's head; else it is a type's, or begins a value."""
    plain = re.sub(r"//[^\n]*", "", without_brackets(head)).strip()
    if plain.startswith(("namespace", "extern")):
        return True
    if re.match(r"(?:\[\[[^\]]*\]\]\s*)?(?:struct|class|enum|union)\b", plain):
        return False
    return "()" in plain and not re.search(r"(?<![=!<>])=(?!=)", re.sub(r"operator\W+\(", "(", plain))


def synopsis(declaration: str) -> str:
    """A declaration as a user needs it: types without private parts, functions and long values without bodies."""
    parameters = re.match(r"\s*template\s*<(?:[^<>]|<[^<>]*>)*>", declaration)
    brace = declaration.find("{", parameters.end() if parameters else 0)
    if brace < 0:
        return without_private_value(declaration)
    head = declaration[:brace]
    if is_function(head):
        return re.sub(r"\)\s*:\s.*", ")", head.rstrip(), flags=re.DOTALL).rstrip() + ";"
    plain = without_brackets(head).strip()
    if re.match(r"enum\b", plain):
        return declaration if "INLAY" not in declaration else head.rstrip() + " { /* … */ };"
    if re.match(r"(?:struct|class|union)\b", plain):
        body = members(declaration[brace + 1:end_of_block(declaration, brace) - 1], private=plain.startswith("class"))
        public = " public:\n" if plain.startswith("class") else ""
        return f"{head.rstrip()} {{\n{public}{body}}};" if body else f"{head.rstrip()} {{}};"
    return without_private_value(declaration)


def without_private_value(declaration: str) -> str:
    """A value that says nothing to a user is left out."""
    if re.search(r"\busing\b|\boperator\b", declaration):
        return declaration
    value = re.search(r"(?:^|[^=\n]*\n)*[^=\n]*?\w(\s*=\s(?:.*(?:detail|plan|known|declared|needed|contents)\b|.*\n).*);",
                      declaration, flags=re.DOTALL)
    return declaration[:value.start(1)] + ";" if value else declaration


def members(body: str, private: bool) -> str:
    lines, comments = [], []
    for statement in statements(body):
        if statement in ("public:", "private:", "protected:"):
            private = statement != "public:"
            comments = []
        elif statement.startswith("//"):
            comments.append(statement)
        else:
            shown = synopsis(re.sub(r"\n {2}", "\n", statement))
            if not private and not HIDDEN.search(shown):
                lines += ["  " + line for line in "\n".join([*comments, shown]).split("\n")]
            comments = []
    return "".join(line.rstrip() + "\n" for line in lines)


# ---- headers ---------------------------------------------------------------------------------------------

def public_text(header: str) -> str:
    """What stands in namespace inlay of a header, blank lines in place of the rest."""
    text = re.sub(r"^(?:INLAY_\w+|#(?:.*\\\n)*.*)$", "", header, flags=re.MULTILINE)
    kept = []
    for match in re.finditer(r"^namespace inlay::inline INLAY_ABI \{$", text, flags=re.MULTILINE):
        kept.append(text[match.end():end_of_block(text, match.end() - 1) - 1])
    return "\n".join(kept)


def name_of(declaration: str) -> str:
    """The name that a declaration in the namespace gives; none for specialisations and operators."""
    plain = without_brackets(re.sub(r"//[^\n]*", "", declaration))
    plain = re.sub(r"\[\[[^\]]*\]\]|^\s*requires\b[^\n]*", "", plain).strip()
    if re.match(r"(?:struct|class|enum class|concept|using|INLAY_\w+ (?:struct|class))\b", plain):
        match = NAMED.search(plain.split("{")[0])
        return match[1] if match else ""
    match = VALUE_OR_FUNCTION.search(re.sub(r"<[^<>;=]*>", "", plain))
    return "" if match is None or match[1].startswith("operator") else match[1]


def with_enumerators(declaration: str, path: pathlib.Path) -> str:
    """An enumeration that a list of a macro's makes, with the enumerators of a list that is not endless."""
    own = re.findall(r"\bX\((\w+)", re.sub(r"#define \w+\(X\)", "", path.read_text(encoding="utf-8")))
    if "{ /* … */ }" not in declaration or len(own) > 60:
        return declaration
    return declaration.replace("{ /* … */ }", "{\n  " + ",\n  ".join(own) + "\n}")


def entries_of(path: pathlib.Path) -> list[Entry]:
    text = public_text(path.read_text(encoding="utf-8"))
    header = path.relative_to(INCLUDE).as_posix()
    found: list[Entry] = []
    comment: list[str] = []
    place = 0
    for statement in statements(text):
        at = text.index(statement, place)
        follows = not text[place:at].strip() and text[place:at].count("\n") <= 1
        place = at + len(statement)
        if statement.startswith("//"):
            comment = [*comment, statement] if statement.startswith("///") and follows else [statement]
            comment = [line for line in comment if line.startswith("///")]
            continue
        if statement.startswith(("namespace", "static_assert")):
            comment = []
            continue
        name = name_of(statement)
        specialised = re.search(r"(?:struct|class)\s+(\w+)<", without_brackets(statement).split("{")[0])
        if not name and specialised:
            # The body of a template that was only declared.
            for entry in found:
                if entry.names == [specialised[1]] and "{" not in entry.declarations[0]:
                    entry.declarations = [synopsis(statement)]
        elif name and found and not comment and follows:
            found[-1].declarations.append(synopsis(statement))
            found[-1].names.append(name)
        elif name:
            shown = with_enumerators(synopsis(statement), path)
            if header in NAMED_ONLY and not statement.startswith("enum"):
                shown = re.sub(r"\s*\{.*\};$", ";", shown, flags=re.DOTALL)
            friends = re.findall(r"friend [^;{]*?\b(?!operator)(\w+)\(", shown)
            found.append(Entry(header, comment, [shown], [name, *friends]))
        comment = []
    # What a header is named after comes first.
    return sorted(found, key=lambda entry: path.stem not in entry.names)


@functools.cache
def sections() -> dict[str, list[Entry]]:
    """The entries of each section."""
    headers = {path: entries_of(path) for path in sorted((INCLUDE / "inlay").rglob("*.hpp"))}
    result, shown = {}, set()
    files = {INCLUDE / "inlay" / part for parts in SECTIONS.values() for part in parts}
    for section, parts in SECTIONS.items():
        result[section] = []
        for part in parts:
            where = INCLUDE / "inlay" / part
            for path, entries in headers.items():
                if path == where or (where in path.parents and path not in files):
                    result[section] += entries
                    shown.add(path)
    result[""] = [entry for path, entries in headers.items() if path not in shown for entry in entries]
    return result


# ---- Markdown --------------------------------------------------------------------------------------------

def escaped(text: str) -> str:
    """As Markdown shows it, but for what is code already."""
    return re.sub(r"`[^`]*`|[\\*_<>\[\]#]", lambda m: m[0] if m[0][0] == "`" else "\\" + m[0], text)


def prose(comment: list[str]) -> list[str]:
    """A comment's paragraphs; lines that are further in are code."""
    lines, code = [], False
    for line in (re.sub(r"^/// ?", "", line) for line in comment):
        if line.startswith("  ") != code:
            lines += ["```", ""] if code else ["", "```cpp"]
            code = not code
        lines.append(line.strip().replace("…", "...") if code else escaped(line))
    return lines + ["```"] * code


def markdown(section: str) -> str:
    """A section of the reference."""
    lines = []
    for entry in sections()[section]:
        # What has no comment is explained elsewhere: the names of enumerators.
        if entry.comment:
            lines += [f"### {', '.join(dict.fromkeys(entry.names))}", "", f"`<{entry.header}>`", "", *prose(entry.comment), "",
                      "```cpp", *entry.declarations, "```", ""]
    return "\n".join(lines)


def complaints() -> list[str]:
    names = set(NAMES.read_text().split())
    shown = [entry for section, entries in sections().items() if section for entry in entries]
    explained = {name for entry in shown if entry.comment for name in entry.names}
    declared = {name for entry in shown for name in entry.names}
    hidden = {name for entry in sections()[""] for name in entry.names}
    return ([f"{name}: no header declares it where the reference looks" for name in sorted(names - declared - hidden)]
            + [f"{name}: its header is in no section of the reference" for name in sorted(hidden)]
            + [f"{name}: without a comment" for name in sorted(declared - explained)])


def main() -> int:
    if len(sys.argv) > 1:
        print(markdown(sys.argv[1]))
        return 0
    found = complaints()
    print(*found, f"{len(NAMES.read_text().split())} public names, {len(found)} complaints", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
