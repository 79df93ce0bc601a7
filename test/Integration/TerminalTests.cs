using System.Globalization;
using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>pyco-run at a terminal and in pipelines: everything that a shell does with a program it does with ours.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class TerminalTests(WireKind kind) : WireTest(kind)
{
    /// <summary>Long enough for a busy machine, and far from the host's own time limits.</summary>
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(20);

    [Test]
    public void Ctrl_C_interrupts_the_program_and_its_host_still_serves_it()
    {
        string server = Wire.FreshAddress();
        Wire.ServePython(server, Wire.Folder);
        string script = Wire.Write("program", $"""
            trap 'exec 3<>/dev/tcp/{server}/80 && echo still on the wire; exit 7' INT
            echo ready
            while :; do read -r line; done
            """);
        RunningProgram terminal = AtTerminal($"{Repository.PycoRun} -a {Wire.FreshAddress()} -f {Wire.Control} -- bash {script}");
        terminal.WaitForOutput("ready");

        terminal.Write("\x03");

        Assert.That(terminal.WaitForExit(), Is.EqualTo(7), terminal.Transcript);
        Assert.That(terminal.Output, Does.Contain("still on the wire"));
    }

    [Test]
    public void The_tests_programs_can_be_interrupted_whatever_the_tests_were_started_with()
    {
        const string field = "SigIgn:\t";
        string ignored = Wire.Start("grep", field, "/proc/self/status").Succeed()[field.Length..];

        Assert.That(ulong.Parse(ignored, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1 << (2 - 1)), Is.Zero, "SIGINT");
    }

    [Test]
    public void Ctrl_Z_and_fg_stop_and_continue_the_program()
    {
        RunningProgram terminal = AtTerminal("bash --norc --noprofile --noediting -i");
        // The terminal shows what is typed, so what is waited for must not stand in the command.
        terminal.WriteLine($"{Repository.PycoRun} -a {Wire.FreshAddress()} -f {Wire.Control} -- sh -c 'echo $((6 * 7)) ready; exec cat'");
        terminal.WaitForOutput("42 ready");
        terminal.WriteLine("one");
        terminal.WaitForOutput("one\none\n");

        terminal.Write("\x1a");
        terminal.WaitForOutput("Stopped");
        terminal.WriteLine("fg; echo status $?");
        terminal.WriteLine("two");
        Eventually.True(
            () => Regex.Count(terminal.Output, "^two$", RegexOptions.Multiline) == 2, () => $"typed and echoed:\n{terminal.Transcript}");
        terminal.Write("\x04");
        terminal.WaitForOutput("status 0");
        terminal.WriteLine("exit 3");

        Assert.That(terminal.WaitForExit(), Is.EqualTo(3), terminal.Transcript);
    }

    [Test]
    public void A_program_that_reads_only_the_first_line_ends_its_pipeline()
    {
        string status = Shell($"yes | {Run("head -n 1")}; echo ${{PIPESTATUS[*]}}");

        Assert.That(status, Is.EqualTo("y\n141 0\n"), "yes gets SIGPIPE");
    }

    [Test]
    public void A_program_whose_reader_leaves_gets_SIGPIPE()
    {
        string status = Shell($"{Run("yes")} | head -n 1; echo ${{PIPESTATUS[*]}}");

        Assert.That(status, Is.EqualTo("y\n141 0\n"));
    }

    [Test]
    public void Output_that_is_read_to_its_end_ends_with_the_program_although_a_connection_lingers()
    {
        string silent = Wire.FreshAddress();
        // A peer that takes nothing: the host has data left to send when its program is gone.
        RunningProgram peer = Wire.RunAt(silent, Programs.Python, "-u", "-c", """
            import socket, sys
            listener = socket.create_server(("", 7))
            print("listening")
            connection, address = listener.accept()
            sys.stdin.readline()
            """);
        peer.WaitForOutput("listening");

        string all = Shell($$"""
            all=$({{Run($"bash -c 'exec 3<>/dev/tcp/{silent}/7; head -c 300000 /dev/zero >&3; echo sent; echo done >&2'")}} 2>&1)
            echo $all
            """);

        Assert.That(all, Is.EqualTo("sent done\n"));
    }

    [Test]
    public void A_program_without_standard_streams_gets_none_from_us()
    {
        Shell($"{Run("bash -c 'ls -l /proc/self/fd >seen'")} <&- >&- 2>&-; true");

        // ls opened the folder where it found the first free number.
        Assert.That(
            File.ReadLines(Wire.PathOf("seen")).Select(line => Regex.Match(line, " [012] -> (/proc)?").Value).Where(name => name.Length > 0),
            Is.EqualTo(new[] { " 0 -> /proc", " 1 -> " }));
    }

    [Test]
    public void A_host_that_got_no_standard_streams_has_none_of_its_files_there()
    {
        RunningProgram program = Wire.Start("bash", "-c", $"exec {Run("sleep 60")} <&- >&- 2>&-");
        Eventually.True(
            () => File.ReadAllText($"/proc/{program.Id}/environ").Contains("PYCO_HOST=", StringComparison.Ordinal), () => "the program runs");

        string host = $"/proc/{HostProcess.Of(program).Id}/fd";
        Assert.That(
            Enumerable.Range(0, 3).Select(number => File.ResolveLinkTarget($"{host}/{number}", returnFinalTarget: false)?.FullName).Distinct(),
            Is.SubsetOf(new[] { "/dev/null", $"{Wire.Control}/log" })); // of a network, the log is its standard error
    }

    private string Run(string command) => $"{Repository.PycoRun} -a {Wire.FreshAddress()} -f {Wire.Control} -- {command}";

    /// <summary>A shell whose programs die by SIGPIPE, whatever the test runner's own parent did about it.</summary>
    private string Shell(string script) => Wire.Start("env", "--default-signal=PIPE", "bash", "-c", script).Succeed(Promptly);

    /// <summary>Runs a command at a terminal of its own, whose keyboard is the program's input.</summary>
    /// <remarks>script(1) starts a shell for it; one that stayed would be interrupted too, and tell its own end.</remarks>
    private RunningProgram AtTerminal(string command) => Wire.Start("script", "-q", "-e", "-c", $"exec {command}", "/dev/null");
}
