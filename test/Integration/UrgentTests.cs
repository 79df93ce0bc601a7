using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Urgent octets (MSG_OOB, SIGURG, SIOCATMARK), which programs of the eighties send: telnet, rlogin, FTP.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class UrgentTests(WireKind kind) : WireTest(kind)
{
    /// <summary>Before the mark, at it, behind it; a second try is EINVAL, and there was a signal.</summary>
    private const string Heard = "b'abc' b'X' b'def' 22 True\n";

    private static readonly string Program = Repository.Program("urgent.py");

    [Test]
    public void Two_programs_hear_each_other()
    {
        string address = Wire.FreshAddress();
        RunningProgram server = Serve(Wire.RunAt(address, Programs.Python, Program, "serve"));

        string client = Wire.RunAt(Wire.FreshAddress(), Programs.Python, Program, "ask", address).Succeed();

        AssertHeard(server, client);
    }

    [Test]
    public void So_they_do_on_one_host()
    {
        string both = Wire.RunAt(
            Wire.FreshAddress(),
            "sh", "-c", "\"$0\" -u \"$1\" serve & sleep 1; \"$0\" \"$1\" ask 127.0.0.1; wait", Programs.Python, Program).Succeed();

        Assert.That(both, Is.EqualTo($"waits\n{Heard}{Heard}b'1234' b'5' b'' 22 True\n"));
    }

    [Test]
    [NeedsRoot]
    public void Our_program_and_a_kernel_host_s_hear_each_other()
    {
        var kernel = KernelHost.On(Wire);
        RunningProgram theirs = Serve(kernel.Run(Programs.Python, Program, "serve"));
        string ask = Wire.RunAt(Wire.FreshAddress(), Programs.Python, Program, "ask", kernel.Address).Succeed();
        AssertHeard(theirs, ask);

        string address = Wire.FreshAddress();
        RunningProgram ours = Serve(Wire.RunAt(address, Programs.Python, Program, "serve"));
        ask = kernel.Run(Programs.Python, Program, "ask", address).Succeed();
        AssertHeard(ours, ask);
    }

    [Test]
    public void In_line_all_octets_come_in_order()
    {
        string address = Wire.FreshAddress();
        Serve(Wire.RunAt(address, Programs.Python, Program, "take"));

        string client = Wire.RunAt(Wire.FreshAddress(), Programs.Python, Program, "fill", address).Succeed();

        Assert.That(client, Is.EqualTo("all the same True\n"));
    }

    private static RunningProgram Serve(RunningProgram server)
    {
        server.WaitForOutput("waits");
        return server;
    }

    private static void AssertHeard(RunningProgram server, string client)
    {
        Assert.That(server.Succeed(), Is.EqualTo($"waits\n{Heard}"));
        Assert.That(client, Is.EqualTo($"{Heard}b'1234' b'5' b'' 22 True\n"));
    }
}
