"""Read PTX: the kernel of a module as a list of instructions."""

import re
from dataclasses import dataclass

# One instruction: an optional guard, the opcode with its modifiers, the operands.
INSTRUCTION = re.compile(r"(?:@(!?)(%\w+)\s+)?([a-z][\w.:]*)\s*(.*)")
OPERANDS = re.compile(r"\[[^]]*\]|[^,\s]+")
PARAMETER = re.compile(r"\.param\s+(?:\.align \d+\s+)?\.(\w+)\s+(\w+)(?:\[(\d+)\])?")
REGISTERS = re.compile(r"\.reg\s+\.(\w+)\s+(%\w+)<(\d+)>")


@dataclass(frozen=True)
class Instruction:
    """One instruction, ``@!%p1 add.rn.ftz.f32 %f3, %f1, %f2`` say."""

    guard: str | None
    negated: bool
    opcode: tuple[str, ...]  # ("add", "rn", "ftz", "f32")
    operands: tuple[str, ...]

    @property
    def name(self):
        return self.opcode[0]

    @property
    def type(self):
        return self.opcode[-1]

    def __str__(self):
        guard = f"@{'!' * self.negated}{self.guard} " if self.guard else ""
        return f"{guard}{'.'.join(self.opcode)} {', '.join(self.operands)}"


@dataclass(frozen=True)
class Kernel:
    """The kernel of a module.

    Attributes
    ----------
    parameters
        Name of each parameter with its size in bytes.
    registers
        Prefix of each group of registers with its type: ``{"%f": "f32"}``.
    instructions, labels
        The code, and the index in it of each label.
    """

    parameters: dict[str, int]
    registers: dict[str, str]
    instructions: tuple[Instruction, ...]
    labels: dict[str, int]

    def count(self, *opcode):
        """Count the instructions whose opcode has all these parts."""
        return sum(set(opcode) <= set(i.opcode) for i in self.instructions)


def parse(text):
    """Read the one kernel of a module."""
    text = re.sub(r"//[^\n]*", "", text)
    (entry,) = re.findall(r"\.entry\s+\w+\s*\((.*?)\)\s*\{(.*)\}", text, re.DOTALL)
    head, body = entry
    parameters = {
        name: int(kind[1:]) // 8 * int(count or 1) for kind, name, count in PARAMETER.findall(head)
    }
    registers = {prefix: kind for kind, prefix, _ in REGISTERS.findall(body)}
    instructions, labels = [], {}
    for statement in re.findall(r"\$\w+:|[^;{}:]+;", body):
        statement = statement.strip()
        if statement.endswith(":"):
            labels[statement[:-1]] = len(instructions)
        elif not statement.startswith("."):
            negated, guard, opcode, operands = INSTRUCTION.fullmatch(statement[:-1]).groups()
            instructions.append(
                Instruction(
                    guard,
                    negated == "!",
                    tuple(opcode.split(".")),
                    tuple(OPERANDS.findall(operands)),
                )
            )
    return Kernel(parameters, registers, tuple(instructions), labels)
