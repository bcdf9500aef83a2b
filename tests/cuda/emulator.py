"""Execute PTX on the CPU: one NumPy lane for each CUDA thread.

It knows the instructions that update rules compile to, and refuses any other; so a fused
multiply-add or an approximate division fails. Arithmetic is NumPy's, which rounds each
operation as IEEE 754 and ``.rn`` say. ``.ftz`` takes subnormal operands and results as
zeros of their sign.
"""

import operator
import re

import numpy as np

UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
TYPES = {
    f"{kind}{8 * size}": np.dtype(f"{letter}{size}")
    for kind, letter in (("b", "u"), ("u", "u"), ("s", "i"), ("f", "f"))
    for size in (1, 2, 4, 8)
    if (kind, size) != ("f", 1)
} | {"pred": np.dtype(bool)}


def ordered(a, b):
    """Where neither operand is NaN."""
    return (a == a) & (b == b)


COMPARE = {
    "eq": operator.eq,
    "ne": lambda a, b: ordered(a, b) & (a != b),
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "num": ordered,
    "nan": lambda a, b: ~ordered(a, b),
}
# An unordered comparison is also true where an operand is NaN.
COMPARE |= {
    f"{name}u": lambda a, b, compare=compare: compare(a, b) | ~ordered(a, b)
    for name, compare in COMPARE.items()
    if name not in ("num", "nan")
}
FLOAT = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "neg": np.negative,
}
INTEGER = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.floor_divide,  # unsigned only
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "popc": np.bitwise_count,
}
SHIFT = {"shl": np.left_shift, "shr": np.right_shift}


def flush(x):
    """Replace subnormal numbers by zeros of their sign."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(x.dtype.type(0), x), x)


class Memory:
    """Global memory, with the number of times that each byte was read and written."""

    def __init__(self, size):
        self.bytes = np.zeros(size, np.uint8)
        self.reads, self.writes = np.zeros((2, size), np.uint8)
        self._end = 256  # nothing lives at the null pointer

    def place(self, array):
        """Copy an array here, with its strides; return its address and a view of the copy."""
        low = sum(min(0, (n - 1) * s) for n, s in zip(array.shape, array.strides, strict=True))
        high = sum(max(0, (n - 1) * s) for n, s in zip(array.shape, array.strides, strict=True))
        address = self._end - low
        self._end += -(-(high - low + array.itemsize) // 256) * 256
        view = np.ndarray(array.shape, array.dtype, self.bytes, address, array.strides)
        view[...] = array
        return address, view

    def counts(self, counter, address, array):
        """How often each byte of a placed array was read or written."""
        last = (*array.shape, array.itemsize)
        return np.ndarray(last, np.uint8, counter, address, (*array.strides, 1))

    def load(self, addresses, dtype):
        """Read one value for each address."""
        self._touch(self.reads, addresses, dtype)
        return self.bytes.view(dtype)[addresses // dtype.itemsize]

    def store(self, addresses, values):
        """Write one value to each address."""
        self._touch(self.writes, addresses, values.dtype)
        self.bytes.view(values.dtype)[addresses // values.itemsize] = values

    def _touch(self, counter, addresses, dtype):
        if (addresses % dtype.itemsize).any() or (addresses >= self.bytes.size).any():
            raise IndexError("the kernel reads or writes out of bounds")
        every = addresses[:, None] + np.arange(dtype.itemsize, dtype=np.uint64)
        np.add.at(counter, every.astype(np.intp), 1)


class Launch:
    """One launch of a kernel: registers and a program counter for each lane."""

    def __init__(self, kernel, parameters, memory, grid, block):
        self.kernel, self.memory = kernel, memory
        self.parameters = dict(zip(kernel.parameters, parameters, strict=True))
        lanes = np.arange(grid * block, dtype=np.uint32)
        self.registers = {
            "%tid.x": lanes % block,
            "%ctaid.x": lanes // block,
            "%ntid.x": np.full_like(lanes, block),
            "%nctaid.x": np.full_like(lanes, grid),
        }
        self.counter = np.zeros(lanes.size, np.intp)

    def run(self):
        """Execute until every lane has returned; of diverged lanes, those behind go first."""
        end = len(self.kernel.instructions)
        with np.errstate(all="ignore"):
            while (at := self.counter.min()) < end:
                self.step(self.kernel.instructions[at], self.counter == at)

    def step(self, i, active):
        """Execute one instruction in the active lanes."""
        self.counter[active] += 1
        if i.guard:
            active = active & (self.registers[i.guard] ^ i.negated)
        if i.name == "bra":
            self.counter[active] = self.kernel.labels[i.operands[0]]
        elif i.name == "ret":
            self.counter[active] = len(self.kernel.instructions)
        elif i.name == "st":
            dtype = TYPES[i.type]
            self.memory.store(self.address(i.operands[0])[active], self.read(i, 1, dtype)[active])
        elif i.name == "ld" and "global" in i.opcode:
            values = np.zeros(active.size, TYPES[i.type])
            values[active] = self.memory.load(self.address(i.operands[1])[active], values.dtype)
            self.write(i.operands[0], values, active)
        else:
            self.write(i.operands[0], self.evaluate(i), active)

    def evaluate(self, i):
        """Compute the result of an instruction in every lane."""
        dtype, rest = TYPES[i.type], set(i.opcode[1:-1])
        match i.name:
            case "ld" if rest == {"param"}:
                symbol, offset = re.fullmatch(r"\[(\w+)(?:\+(\d+))?\]", i.operands[1]).groups()
                value = np.frombuffer(self.parameters[symbol], dtype, 1, int(offset or 0))
                return np.repeat(value, self.counter.size)
            case "mov" | "cvta" if rest <= {"to", "global"}:
                return self.read(i, 1, dtype)
            case "cvt" if rest <= {i.opcode[-2], "rn"}:
                return self.read(i, 1, dtype).astype(TYPES[i.opcode[-2]])
            case "selp":
                chosen = self.read(i, 3, TYPES["pred"])
                return np.where(chosen, self.read(i, 1, dtype), self.read(i, 2, dtype))
            case "shl" | "shr" if not rest:
                amount = self.read(i, 2, TYPES["u32"]).astype(dtype)
                return SHIFT[i.name](self.read(i, 1, dtype), amount)
        return self.compute(i, dtype, rest)

    def compute(self, i, dtype, rest):
        """Compute the result of arithmetic, and refuse what is not known."""
        inputs = [self.read(i, n, dtype) for n in range(1, len(i.operands))]
        if i.name == "setp" and rest <= {i.opcode[1], "ftz"}:
            return COMPARE[i.opcode[1]](*(map(flush, inputs) if "ftz" in rest else inputs))
        if i.name in FLOAT and dtype.kind == "f" and rest <= {"rn", "ftz"}:
            result = FLOAT[i.name](*(map(flush, inputs) if "ftz" in rest else inputs))
            return flush(result) if "ftz" in rest else result
        if i.name in INTEGER and dtype.kind in "uib" and rest <= {"lo", "wide"}:
            if "wide" in rest:
                inputs = [x.astype(f"{dtype.kind}{2 * dtype.itemsize}") for x in inputs]
            if i.name != "div" or dtype.kind == "u":
                return INTEGER[i.name](*inputs)
        raise NotImplementedError(f"the emulator does not know the instruction: {i}")

    def read(self, i, n, dtype):
        """Read an operand as a dtype; of a wider register, the low bits."""
        text = i.operands[n]
        if not text.startswith("%"):
            return np.full(self.counter.size, immediate(text, dtype))
        bits = self.registers[text]
        if dtype.kind != "b" and bits.itemsize != dtype.itemsize:
            bits = bits.astype(UNSIGNED[dtype.itemsize])
        return bits.view(dtype)

    def write(self, register, values, active):
        """Write a register in the active lanes; a narrow value is extended by its sign."""
        kind = TYPES[self.kernel.registers[register.rstrip("0123456789")]]
        if kind.kind != "b":
            unsigned = UNSIGNED[kind.itemsize]
            if values.itemsize == kind.itemsize:
                values = values.view(unsigned)
            else:
                values = values.astype(unsigned)
        old = self.registers.get(register, np.zeros_like(values))
        self.registers[register] = np.where(active, values, old)

    def address(self, text):
        """Addresses of the lanes for an operand ``[%rd1+8]``."""
        register, offset = re.fullmatch(r"\[(%\w+)(?:\+(-?\d+))?\]", text).groups()
        return self.registers[register] + np.uint64(int(offset or 0) % 2**64)


def immediate(text, dtype):
    """Read a literal: ``0f3F800000``, ``0d3FF0000000000000``, ``-1``, ``true``."""
    if text[:2] in ("0f", "0d"):
        number = np.frombuffer(bytes.fromhex(text[2:])[::-1], f"f{len(text) // 2 - 1}")[0]
        return dtype.type(number)
    value = int(text, 0)
    return np.array(value % 2 ** (8 * dtype.itemsize), UNSIGNED[dtype.itemsize]).view(dtype)
