"""The emulator, on PTX written by hand whose result is known."""

import struct

import numpy as np
import pytest

from tests.cuda import ptx
from tests.cuda.emulator import Launch, Memory

HEAD = """
.version 8.8
.target sm_90
.address_size 64
.visible .entry kernel(
    .param .align 8 .b8 kernel_param_0[16], // data, and a second pointer
    .param .u32 kernel_param_1
)
{
    .reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<9>; .reg .b64 %rd<9>;
    .reg .f32 %f<9>; .reg .f64 %fd<9>;
    ld.param.u64 %rd1, [kernel_param_0];
    cvta.to.global.u64 %rd1, %rd1;
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd1, %rd1, %rd2;  // one element a thread
"""


def run(body, data, threads=None):
    """Run a body whose threads each own an element at %rd1; return the elements."""
    kernel = ptx.parse(HEAD + body + "\nret;\n}")
    memory = Memory(4096)
    address, view = memory.place(np.asarray(data))
    parameters = [struct.pack("2q", address, 0), struct.pack("I", len(data))]
    Launch(kernel, parameters, memory, 1, threads or len(data)).run()
    return view


def floats(body, data):
    return run(f"ld.global.f32 %f1, [%rd1]; {body} st.global.f32 [%rd1], %f2;", np.float32(data))


def integers(body, data):
    return run(f"ld.global.u32 %r2, [%rd1]; {body} st.global.u32 [%rd1], %r3;", np.uint32(data))


def test_division_and_root_round_to_nearest():
    third = floats("div.rn.f32 %f2, 0f3F800000, %f1;", [3.0, 10.0])
    assert third.view(np.uint32).tolist() == [0x3EAAAAAB, 0x3DCCCCCD]
    root = floats("sqrt.rn.f32 %f2, %f1;", [2.0, 0.5])
    assert root.view(np.uint32).tolist() == [0x3FB504F3, 0x3F3504F3]


def test_ftz_flushes_operands_and_results():
    tiny = np.float32(2.0**-126)
    data = [tiny / 2, -tiny / 2, tiny, -tiny]
    kept = floats("mul.rn.f32 %f2, %f1, 0f3F000000;", data)  # by 1/2
    assert (kept == np.float32(data) / 2).all()
    flushed = floats("mul.rn.ftz.f32 %f2, %f1, 0f3F000000;", data)
    assert flushed.view(np.uint32).tolist() == [0, 0x80000000, 0, 0x80000000]
    doubled = floats("add.rn.ftz.f32 %f2, %f1, %f1;", data)
    assert doubled.view(np.uint32).tolist() == [0, 0x80000000, 0x01000000, 0x81000000]


def test_comparisons_with_nan():
    data = [1.0, np.nan, -1.0, 0.0]
    chosen = "selp.f32 %f2, 0f3F800000, 0f00000000, %p1;"
    expected = {
        "ge": [1, 0, 0, 1],
        "geu": [1, 1, 0, 1],
        "nan": [0, 1, 0, 0],
        "num": [1, 0, 1, 1],
        "ne": [1, 0, 1, 0],
        "neu": [1, 1, 1, 0],
    }
    for name, values in expected.items():
        result = floats(f"setp.{name}.f32 %p1, %f1, 0f00000000; {chosen}", data)
        assert result.tolist() == values, name


def test_diverged_lanes_and_loops():
    # Collatz: the number of steps to 1, known for each of these
    body = """
        mov.u32 %r3, 0;
    $L_1:
        setp.eq.s32 %p1, %r2, 1;
        @%p1 bra $L_4;
        and.b32 %r4, %r2, 1;
        setp.eq.s32 %p2, %r4, 0;
        @%p2 bra $L_2;
        mul.lo.s32 %r2, %r2, 3;
        add.s32 %r2, %r2, 1;
        bra.uni $L_3;
    $L_2:
        shr.u32 %r2, %r2, 1;
    $L_3:
        add.s32 %r3, %r3, 1;
        bra.uni $L_1;
    $L_4:
    """
    assert integers(body, [1, 2, 3, 7, 27, 97]).tolist() == [0, 1, 7, 16, 111, 118]


def test_integers_wrap_shift_and_extend():
    assert integers("mul.lo.s32 %r3, %r2, %r2;", [2**31 + 1, 2**16]).tolist() == [1, 0]
    assert integers("shr.s32 %r3, %r2, 31;", [2**31, 1]).tolist() == [2**32 - 1, 0]
    assert integers("popc.b32 %r3, %r2;", [255, 2**31]).tolist() == [8, 1]
    high = "cvt.s64.s32 %rd3, %r2; shr.u64 %rd3, %rd3, 32; cvt.u32.u64 %r3, %rd3;"
    assert integers(high, [2**31, 1]).tolist() == [2**32 - 1, 0]
    wide = "mul.wide.u32 %rd3, %r2, %r2; shr.u64 %rd3, %rd3, 32; cvt.u32.u64 %r3, %rd3;"
    assert integers(wide, [2**31, 3]).tolist() == [2**30, 0]


def test_half_precision_rounds_to_even():
    body = "cvt.rn.f16.f32 %rs1, %f1; cvt.f32.f16 %f2, %rs1;"
    data = [2049.0, 2051.0, 65520.0, 2.0**-25, 3 * 2.0**-25]
    assert floats(body, data).tolist() == [2048.0, 2052.0, np.inf, 0.0, 2.0**-23]


def test_a_guard_may_be_negated_and_registers_keep_their_value():
    body = "mov.f32 %f2, 0f40000000; setp.lt.f32 %p1, %f1, 0f00000000; @!%p1 mov.f32 %f2, %f1;"
    assert floats(body, [-1.0, 5.0]).tolist() == [2.0, 5.0]


def test_memory_is_counted_and_bounded():
    kernel = ptx.parse(HEAD + "ld.global.f32 %f1, [%rd1+4]; st.global.f32 [%rd1], %f1; ret; }")
    memory = Memory(1024)
    address, view = memory.place(np.arange(4, dtype=np.float32))
    parameters = [struct.pack("2q", address, 0), struct.pack("I", 4)]
    Launch(kernel, parameters, memory, 1, 3).run()
    assert view.tolist() == [1, 2, 3, 3]
    assert (memory.counts(memory.reads, address, view).sum(1) == [0, 4, 4, 4]).all()
    assert (memory.counts(memory.writes, address, view).sum(1) == [4, 4, 4, 0]).all()
    with pytest.raises(IndexError, match="out of bounds"):
        Launch(kernel, parameters, memory, 1, 1000).run()


@pytest.mark.parametrize(
    "instruction",
    ["fma.rn.f32 %f2, %f1, %f1, %f1", "div.full.f32 %f2, %f1, %f1", "sqrt.approx.f32 %f2, %f1",
     "rcp.rn.f32 %f2, %f1", "add.rz.f32 %f2, %f1, %f1", "div.s32 %r2, %r1, %r1"],
)  # fmt: skip
def test_what_is_not_known_is_refused(instruction):
    with pytest.raises(NotImplementedError, match=r"does not know the instruction: \w+\."):
        floats(f"{instruction};", [1.0])
