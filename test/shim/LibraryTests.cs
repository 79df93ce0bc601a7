using System.Globalization;
using System.Text.RegularExpressions;
using Pyco.Shim.Tests.Support;

namespace Pyco.Shim.Tests;

/// <summary>What the dynamic loader sees of libpyco.so.</summary>
internal sealed class LibraryTests
{
    [Test]
    public void It_exports_the_functions_of_the_version_script_and_nothing_else()
    {
        string[] exports =
        [
            .. Built.Run("nm", ["-D", "--defined-only", Built.Library]).Output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' ')[^1])
                .Order(StringComparer.Ordinal),
        ];
        Assert.That(exports, Is.EqualTo(Built.ExportList), "a '@' in a name is a version, and versions do not interpose");
    }

    [Test]
    public void It_needs_libc_and_nothing_else()
    {
        string dynamicSection = Built.Run("readelf", ["-d", Built.Library]).Output;
        string[] needed = [.. dynamicSection.Split('\n').Where(line => line.Contains("(NEEDED)", StringComparison.Ordinal))];
        Assert.That(needed, Has.Length.EqualTo(1));
        Assert.That(needed[0], Does.Contain("[libc.so."));
    }

    [Test]
    public void The_public_header_names_exactly_the_exports()
    {
        string source = Path.Combine(AppContext.BaseDirectory, "header.c");
        File.WriteAllText(source, """
            #include "pyco.h"
            #include <stdio.h>
            #define PRINT(name) puts(#name);
            int main(void) { PYCO_INTERPOSED(PRINT) return PYCO_HOST_VARIABLE[0] != 'P'; }
            """);
        Outcome outcome = Built.Run(Built.Compile(source, "-I", Path.Combine(Built.Root, "native")), []);
        Assert.That(outcome.Status, Is.Zero);
        Assert.That(
            outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            Is.EqualTo(Built.ExportList));
    }

    [Test]
    public void A_program_s_calls_bind_to_each_of_its_exports()
    {
        string source = Path.Combine(AppContext.BaseDirectory, "bindings.c");
        File.WriteAllText(source, """
            #include "pyco.h"
            #pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
            #define DECLARE(name) extern void name(void);
            PYCO_INTERPOSED(DECLARE)
            #define ADDRESS(name) name,
            void (*volatile functions[])(void) = {PYCO_INTERPOSED(ADDRESS) 0};
            int main(void) { return functions[0] == 0; }
            """);
        string program = Built.Compile(source, "-fno-builtin", "-I", Path.Combine(Built.Root, "native"));
        string bindings = Built.Run(program, [], ("LD_PRELOAD", Built.Library), ("LD_DEBUG", "bindings")).Error;
        IEnumerable<string> unbound = Built.ExportList.Where(name =>
            !Regex.IsMatch(bindings, $@"bindings\.program \[0\] to \S*libpyco\.so \[0\]: normal symbol `{name}'"));
        Assert.That(unbound, Is.Empty);
    }

    [Test]
    public void Its_frames_are_smaller_than_a_page()
    {
        // It runs on the stacks of coroutines and signal handlers, and larger frames would call a probe of the runtime.
        const int page = 4096;
        string code = Built.Run("objdump", ["-d", "--no-show-raw-insn", Built.Library]).Output;
        int[] frames =
        [
            .. Regex.Matches(code, @"sub +(?:\$0x([0-9a-f]+),%rsp|sp, sp, #0x([0-9a-f]+))")
                .Select(match => int.Parse(match.Groups[1].Value + match.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        ];
        Assert.That(frames, Is.Not.Empty);
        Assert.That(frames, Has.All.LessThan(page));
    }

    [Test]
    public void Without_a_host_in_the_environment_it_changes_nothing()
    {
        string program = Built.Compile("test/shim/programs/deadhost.c");
        Assert.That(
            Built.Run(program, [], ("LD_PRELOAD", Built.Library)).Output, Is.EqualTo(Built.Run(program, []).Output));
    }

    [TestCase("00000001:00112233445566778899aabbccddeeff:0123456789abcdef:1", TestName = "A_dead_host_is_a_network_that_is_down")]
    [TestCase("nonsense", TestName = "A_malformed_variable_is_a_network_that_is_down")]
    public void Never_the_machine_s_own_network(string host)
    {
        string program = Built.Compile("test/shim/programs/deadhost.c");
        Outcome outcome = Built.Run(program, [], ("LD_PRELOAD", Built.Library), ("PYCO_HOST", host));
        Assert.That(outcome.Output, Is.EqualTo("""
            tcp connect: Network is down
            tcp bind: Network is down
            tcp6 connect: Network is down
            udp socket: Network is down
            raw socket: Operation not permitted
            unix pair: x
            numeric name: found

            """));
    }

    [Test]
    public void A_program_at_a_fixed_address_finds_its_host_too()
    {
        // Such a program holds libc's environ itself (a copy relocation), as node does.
        string program = Built.Compile("test/shim/programs/fixed.c", "-no-pie", "-fno-pie");
        Outcome outcome = Built.Run(program, [], ("LD_PRELOAD", Built.Library), ("PYCO_HOST", "nonsense"));
        Assert.That(outcome.Output, Is.EqualTo("Network is down\n"));
    }

    [Test]
    public void Signal_handlers_may_call_it_at_any_moment()
    {
        string program = Built.Compile("test/shim/programs/signals.c");
        Outcome outcome = Built.Run(
            program, [], ("LD_PRELOAD", Built.Library),
            ("PYCO_HOST", "00000001:00112233445566778899aabbccddeeff:0123456789abcdef:1"));
        Assert.That(outcome.Output, Is.EqualTo("done, errno kept\n"), outcome.Error);
        Assert.That(outcome.Status, Is.Zero);
    }

    [Test]
    public void Forked_children_of_threaded_programs_may_call_it()
    {
        string program = Built.Compile("test/shim/programs/forks.c");
        Outcome outcome = Built.Run(
            program, [], ("LD_PRELOAD", Built.Library),
            ("PYCO_HOST", "00000001:00112233445566778899aabbccddeeff:0123456789abcdef:1"));
        Assert.That(outcome.Output, Is.EqualTo("200 children, 0 bad\n"), outcome.Error);
    }

    [Test]
    public void It_survives_the_program_closing_everything()
    {
        string program = Built.Compile("test/shim/programs/closeall.c");
        Outcome outcome = Built.Run(
            program, [], ("LD_PRELOAD", Built.Library),
            ("PYCO_HOST", "00000001:00112233445566778899aabbccddeeff:0123456789abcdef:1"));
        Assert.That(outcome.Output, Is.EqualTo("no descriptor but the standard ones\nsocket 3 works\n"), outcome.Error);
    }
}
