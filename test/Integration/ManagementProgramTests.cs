using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>VDE's own management programs at our network, and our answers beside vde_switch's.</summary>
internal sealed partial class ManagementProgramTests() : WireTest(WireKind.OwnNetwork)
{
    private static readonly string[] Session =
    [
        "nosuch", "vlan", "#", "help nosuch", "port/print", "port/allprint", "vlan/print", "hash/print", "plug", "port/print",
        "port/print 1", "port/print 2", "port/print x", "port/allprint 1", "vlan/print", "vlan/print 0", "vlan/print 7", "vlan/print 4095",
        "vlan/create 5", "vlan/create 5", "vlan/create 0", "vlan/create 4095", "vlan/create x", "vlan/addport 5 1", "vlan/allprint",
        "port/setvlan 1 5", "port/setvlan 1 6", "port/setvlan 9 5", "port/setvlan 1", "port/setvlan", "vlan/print", "vlan/addport 5 1",
        "vlan/addport 0 1", "vlan/print", "port/print", "vlan/remove 5", "vlan/remove 9", "vlan/delport 0 1", "vlan/delport 0 1",
        "vlan/delport 5 1", "vlan/delport 5", "vlan/addport 7 1", "vlan/addport 0 9", "port/setvlan 1 4095", "vlan/print", "port/print 1",
        "port/setvlan 1 0", "port/remove 1", "port/remove 9", "port/create 7", "port/create 7", "vlan/addport 5 7", "vlan/allprint",
        "vlan/print 5", "port/allprint", "port/print 7", "port/allprint 7", "vlan/remove 5", "port/remove 7", "vlan/remove 5",
        "port/createauto", "port/allprint 2", "port/allocatable 2 1", "port/allocatable 9 1", "port/allocatable 2", "port/allprint 2",
        "port/setuser 2 nobody", "port/setgroup 2 nogroup", "port/allprint 2", "port/setuser 2 NONE", "port/setuser 9 nobody",
        "port/setuser 2 nosuchuser", "port/setgroup 2 nosuchgroup", "port/resetcounter", "port/resetcounter 1", "port/epclose 1 9999",
        "port/epclose 1", "port/setnumports 32", "port/setnumports 0", "port/setnumports 1", "port/showinfo", "port/print 33",
        "port/print -1", "port/create 33", "vlan/addport 0 99", "port/sethub 1", "port/showinfo", "port/sethub 0", "port/showinfo",
        "hash/find 00:11", "hash/find 00:11:22:33:44:55", "hash/find", "hash/setexpire 50", "debug/add nosuch", "debug/del port",
        "fstp/setfstp 0", "load /nosuch.rc",
    ];

    /// <summary>Where we do otherwise, and why.</summary>
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["load /nosuch.rc"] = "1038 Function not implemented\n", // a network does not read files for others
        ["fstp/setfstp 0"] = "1000 Success\n", // vde_switch shows data, which there is none of
    };

    private string Management => Path.Combine(Wire.Control, "mgmt");

    [Test]
    public void Every_answer_is_vde_switchs_in_the_same_place()
    {
        using Wire stock = new(WireKind.StockSwitch);
        using ManagementSession theirs = new(stock.PathOf("management")), ours = new(Management);
        Assert.Multiple(() =>
        {
            foreach (string command in Session)
            {
                if (command == "plug")
                {
                    Plug(stock, theirs);
                    Plug(Wire, ours);
                    continue;
                }
                string expected = Comparable(theirs.Do(command));
                Assert.That(Comparable(ours.Do(command)), Is.EqualTo(Differences.GetValueOrDefault(command, expected)), command);
            }
        });
    }

    [Test]
    public void Unixcmd_with_Debians_script_says_the_same_of_both()
    {
        using Wire stock = new(WireKind.StockSwitch);
        foreach (string[] command in new[] { ["vlan/create", "5"], ["vlan/create", "5"], new[] { "vlan/print" }, ["nosuch"] })
        {
            RunningProgram theirs = Unixcmd(stock.PathOf("management"), command), ours = Unixcmd(Management, command);
            Assert.That((ours.WaitForExit(), ours.Output), Is.EqualTo((theirs.WaitForExit(), theirs.Output)), string.Join(' ', command));
        }
        Assert.That(Unixcmd(Management, "vlan/print").Transcript, Does.Contain("VLAN 0005"));
    }

    [Test]
    public void Unixterm_shows_what_the_network_says()
    {
        RunningProgram terminal = Wire.Start("unixterm", Management);
        terminal.WaitForOutput("VDE switch V.");

        terminal.WriteLine("port/showinfo");

        terminal.WaitForOutput("counters=true\n.\n1000 Success\n");
        terminal.WriteLine("logout");
        terminal.WaitForExit();
    }

    [Test]
    public void Vdeterm_completes_our_commands_and_shows_their_answers()
    {
        // script(1) gives it the terminal that it wants.
        RunningProgram terminal = Wire.Start("script", "-qfec", $"vdeterm {Management}", "/dev/null");
        terminal.WaitForOutput("VDE switch V.");

        terminal.Write("port/sho\t\n");

        terminal.WaitForOutput("Numports=65535");
        terminal.WaitForOutput("counters=true");
        terminal.Write("logout\n");
        terminal.WaitForExit();
    }

    private RunningProgram Unixcmd(string management, params IEnumerable<string> command)
    {
        RunningProgram program = Wire.Start("unixcmd", ["-s", management, "-f", "/etc/vde2/vdecmd", .. command]);
        program.WaitForExit();
        return program;
    }

    private static void Plug(Wire wire, ManagementSession session)
    {
        wire.Start("vde_plug", "-D", "a plug", $"vde://{wire.Control}");
        Eventually.True(() => session.Do("port/print").Contains("a plug", StringComparison.Ordinal), () => "the plug");
    }

    /// <summary>Without the numbers that no two processes share.</summary>
    private static string Comparable(string answer) => EndpointOrProcess().Replace(answer, "$1N");

    [GeneratedRegex(@"(endpoint ID |pid=)\d+")]
    private static partial Regex EndpointOrProcess();
}
