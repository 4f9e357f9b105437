#!/usr/bin/env python3
"""same_code.py LINKER_SCRIPT SEKUIRE.json VECTORS.json [--list]: whether both programs are linked from the same ring.

The two lists are what `cargo rustc --message-format=json` said of the builds. From them: one and the same ring, with the
same features. From the files, which have no symbols: the sections of ring's C and assembly whose machine code is in each,
but for what the linker fills in; those in sekuire must all be in vectors. P-256 is the portable one, and what the linker
script provides is not ring's own after all.
"""
import json, pathlib, re, struct, sys

script, lists = sys.argv[1], sys.argv[2:4]


def built(messages):
    """ring's library, features and objects, and the program, as cargo names them."""
    found = {}
    for message in map(json.loads, open(messages)):
        of_ring = "#ring@" in message.get("package_id", "")
        if message["reason"] == "build-script-executed" and of_ring:
            found["objects"] = message["out_dir"]
        elif message["reason"] == "compiler-artifact" and of_ring and message["target"]["kind"] == ["lib"]:
            found["ring"], found["features"] = message["filenames"], message["features"]
        elif message["reason"] == "compiler-artifact" and message["executable"]:
            found["program"] = message["executable"]
    return found


def members(archive):
    """The ELF files in it; ar(5)."""
    data, at = archive.read_bytes(), 8
    while at < len(data):
        size = int(data[at + 48 : at + 58])
        if data[at + 60 : at + 64] == b"\x7fELF":
            yield data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2


class Object:
    """elf(5), as far as it is needed here."""

    def __init__(self, data):
        self.data, self.wide = data, data[4] == 2
        self.machine, = struct.unpack_from("<H", data, 18)
        start, = struct.unpack_from("<Q" if self.wide else "<I", data, 0x28 if self.wide else 0x20)
        size, count, names = struct.unpack_from("<HHH", data, 0x3A if self.wide else 0x2E)
        form = "<IIQQQQIIQQ" if self.wide else "<10I"
        self.sections = [struct.unpack_from(form, data, start + size * i) for i in range(count)]
        self.names = self.sections[names]

    def content(self, section):
        return self.data[section[4] : section[4] + section[5]]

    def text(self, section, at):
        return self.content(section)[at:].split(b"\0", 1)[0].decode()

    def records(self, kind, form):
        for section in self.sections:
            if section[1] == kind:
                for record in struct.iter_unpack(form, self.content(section)):
                    yield section, record

    def code(self):
        """Each section with machine code: its index, name and content."""
        for index, section in enumerate(self.sections):
            if section[1] == 1 and section[2] & 4 and section[5]:  # SHT_PROGBITS, SHF_EXECINSTR
                yield index, self.text(self.names, section[0]), self.content(section)

    def relocations(self, index):
        """Place, type and addend of what the linker fills in there."""
        for section, (place, info, addend) in self.records(4, "<QQq" if self.wide else "<IIi"):  # SHT_RELA
            if section[7] == index:
                yield place, info & 0xFFFFFFFF if self.wide else info & 0xFF, addend
        for section, (place, info) in self.records(9, "<II"):  # SHT_REL
            if section[7] == index:
                yield place, info & 0xFF, 0

    def symbols(self):
        """Names of what it defines, each with its section's index."""
        form, at = ("<IBBHQQ", 3) if self.wide else ("<IIIBBH", 5)
        for section, symbol in self.records(2, form):  # SHT_SYMTAB
            if symbol[at]:
                yield self.text(self.sections[section[6]], symbol[0]), symbol[at]


# RISC-V's linker shortens code. Bytes of a relocation's type there, as the psABI has them: how many, or how few.
RISC_V = {18: b"(?:.{8}|.{4}|.{2})", 19: b"(?:.{8}|.{4}|.{2})", 26: b"(?:.{4}|.{2})?", 44: b".{2}", 45: b".{2}"}
NO_BYTES = {183: (), 40: (0, 40), 243: (51,), 62: ()}  # R_ARM_NONE and R_ARM_V4BX, R_RISCV_RELAX


def pattern(elf, index, content):
    """The section's machine code as a regular expression, and how many of its bytes are fixed."""
    parts, at, fixed = [], 0, 0
    for place, kind, addend in sorted(elf.relocations(index)):
        if kind in NO_BYTES[elf.machine] or place < at:
            continue
        part, length = b".{4}", 4
        if elf.machine == 243 and kind == 43:  # R_RISCV_ALIGN: so many bytes at most
            part, length = b".{0,%d}" % addend, addend
        elif elf.machine == 243 and kind in RISC_V:
            part, length = RISC_V[kind], {44: 2, 45: 2, 26: 4}.get(kind, 8)
        parts += [re.escape(content[at:place]), part]
        fixed += place - at
        at = place + length
    parts.append(re.escape(content[at:]))
    return re.compile(b"".join(parts), re.DOTALL), fixed + max(0, len(content) - at)


def linked(objects, program):
    """The sections of ring's own that are in the program, each as the symbols in it; and how many could be."""
    data, inside, known = pathlib.Path(program).read_bytes(), set(), 0
    for elf in objects:
        names = {}
        for name, index in elf.symbols():
            if name and not name.startswith(("$", ".")):
                names.setdefault(index, []).append(name)
        for index, name, content in elf.code():
            expression, fixed = pattern(elf, index, content)
            if fixed >= 16:
                known += 1
                if expression.search(data):
                    inside.add(" ".join(names.get(index, [name])))
    return inside, known


sekuire, vectors = map(built, lists)
wrong = [f"{what} differ: {sekuire[what]} and {vectors[what]}" for what in ("ring", "features", "objects") if sekuire[what] != vectors[what]]
objects = [Object(m) for m in members(next(pathlib.Path(sekuire["objects"]).glob("libring_core_*_.a")))]
(shipped, known), (tested, _) = (linked(objects, built["program"]) for built in (sekuire, vectors))
wrong += [f"in sekuire and not in vectors: {section}" for section in sorted(shipped - tested)]
if len(shipped) < 10:
    wrong.append(f"only {len(shipped)} sections were recognised in sekuire")
if not any("fiat_p256_mul" in section for section in shipped) or any("ecp_nistz256" in section for section in shipped):
    wrong.append("P-256 is not the portable one")
defined = {name for elf in objects for name, _ in elf.symbols()}
for name in re.findall(r"PROVIDE\((\w+)", open(script).read()):
    if name in defined:
        wrong.append(f"{name} is ring's own: the linker script provides nothing")
print(f"one ring, {', '.join(sekuire['features'])}: of {known} sections of its C and assembly {len(shipped)} are in sekuire and in vectors"
      + "".join(f"; in vectors alone {section}" for section in sorted(tested - shipped)))
if "--list" in sys.argv or wrong:
    print(*sorted(shipped), sep="\n")
for line in wrong:
    print("WRONG:", line)
sys.exit(bool(wrong))
