using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Who gets at a network of ours, as two users: root, whose it is, and nobody.</summary>
[NeedsRoot]
internal sealed class OtherUserTests() : WireTest(WireKind.OwnNetwork)
{
    private const string Nobody = "nobody";
    private const string Stranger = "daemon";
    private const string Group = "users";

    [Test]
    public void A_private_network_lets_no_other_user_near_any_of_its_sockets()
    {
        string network = Start();

        foreach (string socket in new[] { "ctl", "pyco", "mgmt" })
            Assert.That(As(Nobody, Say($"{network}/{socket}", "port/print\n")).Succeed(), Is.EqualTo("PermissionError\n"), socket);
        Assert.That(AskForPort(Nobody, network, 0), Is.EqualTo("PermissionError\n"));
        Assert.That(As(Nobody, "cat", $"{network}/log").WaitForExit(), Is.Not.Zero);
    }

    [Test]
    public void A_group_may_plug_in_and_others_may_not()
    {
        string network = Start("--mode", "660", "--group", Group);

        Assert.That(AskForPort(Nobody, network, 0), Is.EqualTo("PermissionError\n"));
        Assert.That(AskForPort(Nobody, network, 0, $"--groups={Group}"), Is.EqualTo("001\n"));
    }

    [Test]
    public void Those_whom_the_mode_lets_in_may_look_and_not_touch()
    {
        string network = Start("--mode", "666");
        string management = $"{network}/mgmt";

        Assert.That(As(Nobody, Say(management, "port/showinfo\n")).Succeed(), Does.Contain("Numports").And.Contain("1000 Success"));
        foreach (string command in new[] { "vlan/create 5", "port/sethub 1", "port/createauto", "port/setuser 1 nobody", "shutdown" })
            Assert.That(As(Nobody, Say(management, $"{command}\n")).Succeed(), Does.Contain("1001 Operation not permitted"), command);
        Assert.That(As(Nobody, Say($"{network}/pyco", "stop\n\n")).Succeed(), Is.EqualTo("error the network is another user's\n"));
        Assert.That(As("root", Say(management, "vlan/create 5\n")).Succeed(), Does.Contain("1000 Success"));
    }

    [Test]
    public void Nobody_gets_frames_sent_to_a_socket_that_is_not_his()
    {
        string network = Start("--mode", "666");
        string foreign = Wire.PathOf("foreign");
        string link = Wire.PathOf("link");
        const string script = "import socket, sys, time; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(sys.argv[1])";
        Wire.Start(Programs.Python, "-c", script, foreign).Succeed();
        File.CreateSymbolicLink(link, foreign);

        Assert.That(AskForPort(Nobody, network, 0, data: foreign), Is.EqualTo("refused\n"));
        Assert.That(AskForPort(Nobody, network, 0, data: link), Is.EqualTo("refused\n"));
        Assert.That(Wire.Start(Repository.PycoNet, "log", network).Succeed(), Does.Contain($"its socket {foreign} is not its own"));
        Assert.That(AskForPort(Nobody, network, 0), Is.EqualTo("001\n"), "his own is good");
    }

    [Test]
    public void A_port_of_a_user_is_his_and_roots()
    {
        string network = Start("--mode", "666");
        Manage(network, "port/create 5", $"port/setuser 5 {Nobody}");

        Assert.That(AskForPort(Stranger, network, 5), Is.EqualTo("refused\n"));
        Assert.That(AskForPort(Stranger, network, 0), Is.EqualTo("001\n"), "another one is to be had");
        Assert.That(AskForPort(Nobody, network, 5), Is.EqualTo("005\n"));
        Assert.That(AskForPort("root", network, 5), Is.EqualTo("005\n"));
    }

    [Test]
    public void A_port_of_a_group_is_its_members()
    {
        string network = Start("--mode", "666");
        Manage(network, "port/create 5", $"port/setgroup 5 {Group}");

        Assert.That(AskForPort(Stranger, network, 5), Is.EqualTo("refused\n"));
        Assert.That(AskForPort(Stranger, network, 5, $"--groups={Group}"), Is.EqualTo("005\n"));
        Assert.That(AskForPort(Stranger, network, 5, $"--regid={Group}"), Is.EqualTo("005\n"));
    }

    private string Start(params IEnumerable<string> options)
    {
        string network = Wire.PathOf("other");
        Wire.Start(Repository.PycoNet, ["start", network, .. options]).Succeed();
        Wire.AtEnd(() => Wire.Start(Repository.PycoNet, "stop", network).Succeed());
        return network;
    }

    private static void Manage(string network, params string[] commands)
    {
        using ManagementSession session = new($"{network}/mgmt");
        foreach (string command in commands)
            Assert.That(session.Do(command), Is.EqualTo("1000 Success\n"), command);
    }

    /// <summary>What a user gets who asks for a port: its number, or why not.</summary>
    private string AskForPort(string user, string network, int port, string groups = "--clear-groups", string? data = null)
    {
        string script = Wire.PathOf("plug.py");
        File.Copy(Repository.Program("plug.py"), script, overwrite: true);
        string[] identity = groups.StartsWith("--regid", StringComparison.Ordinal) ? ["--clear-groups", groups] : ["--regid=nogroup", groups];
        return Wire.Start(
            "setpriv",
            [$"--reuid={user}", .. identity, Programs.Python, script, $"{network}/ctl", $"{port}", .. data is null ? [] : new[] { data }]).Succeed();
    }

    private RunningProgram As(string user, params IEnumerable<string> command) =>
        Wire.Start("setpriv", [$"--reuid={user}", "--regid=nogroup", "--clear-groups", .. command]);

    /// <summary>A program that says something to a socket, and prints what it hears until the prompt behind the answer or the end.</summary>
    private static string[] Say(string socket, string text) =>
    [
        Programs.Python, "-c",
        """
        import socket, sys
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(60)
        heard = ""
        try:
            s.connect(sys.argv[1])
            s.sendall(sys.argv[2].encode())
            while heard.count("vde$ ") < 2 and (more := s.recv(65536).decode()):
                heard += more
            print(heard, end="")
        except OSError as error:
            print(type(error).__name__)
        """,
        socket, text,
    ];
}
