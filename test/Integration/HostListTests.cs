using System.Text.Json;
using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>What pyco-net ps tells of a network's hosts.</summary>
internal sealed class HostListTests : NetworkTest
{
    [Test]
    public void Datagrams_that_a_program_does_not_read_in_time_are_counted_for_its_socket_and_its_host()
    {
        const int sent = 5_000;
        RunningProgram receiver = Run("-a", "10.40.0.32", "--", Programs.Python, "-u", "-c", $"""
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("", 9))
            print("bound")
            expected = int(sys.stdin.readline())
            s.settimeout(60)
            for number in range(expected):
                s.recv(100)
            s.settimeout(0.2)
            try:
                s.recv(100)
                print("received another one")
            except TimeoutError:
                print("received", expected, "of {sent}")
            sys.stdin.readline()
            """);
        receiver.WaitForOutput("bound");
        Run("--", Programs.Python, "-c", $"""
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("10.40.0.32", 9))
            for number in range({sent}):
                s.send(b"datagram")
            """).Succeed();
        Eventually.True(() => Status("hosts") == 1, () => "the end of the sender's host");

        JsonElement host = TheHost();
        long dropped = host.GetProperty("datagramsDropped").GetInt64();
        Assert.That(dropped, Is.InRange(1, sent - 277));
        Assert.That(host.GetProperty("socketList")[0].GetProperty("dropped").GetInt64(), Is.EqualTo(dropped));
        Assert.That(Net("ps"), Does.Match($@"UNREAD +PROGRAM\n.* {dropped} +{Path.GetFileName(Programs.Python)}"));
        receiver.WriteLine($"{sent - dropped}");
        receiver.WaitForOutput($"received {sent - dropped} of {sent}");
    }

    [Test]
    public void A_program_cannot_listen_on_the_machines_interfaces() =>
        Assert.That(
            Run("--", Programs.Python, "-c", """
                import socket
                try:
                    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
                except PermissionError as error:
                    print(error.errno)
                """).Succeed(),
            Is.EqualTo("1\n"));

    [Test]
    public void Of_a_program_that_has_become_a_daemon_a_process_that_lives_is_named()
    {
        Run("-a", "10.40.0.32", "--", "sh", "-c", "sleep 300 > /dev/null 2>&1 & echo $! > pid").Succeed();
        string daemon = File.ReadAllText($"{Folder}/pid").Trim();

        Eventually.True(() => TheHost().GetProperty("program").GetString() == "sleep", () => "the daemon's name");
        Assert.That(TheHost().GetProperty("pid").ToString(), Is.EqualTo(daemon));
        Assert.That(Net("status"), Does.Contain("\n1 host, 0 plugs, 1 station\n"));
        HostProcess.Kill(int.Parse(daemon, null));
        WaitUntilEmpty();
    }

    [Test]
    public void Ports_of_the_machine_that_lead_to_a_host_are_told()
    {
        RunningProgram server = Run("-v", "-p", "0:80", "-p", "0:53/udp", "--", "sh", "-c", "echo up >&2; read -r line");
        server.WaitForOutput("up");
        string Outside(int inside) => Regex.Match(server.Errors, $@"127\.0\.0\.1:\d+(?=(/udp)? on this machine leads to port {inside} of )").Value;

        Assert.That(Net("ps"), Does.Match($@"UNREAD +PUBLISHED +PROGRAM\n.*  {Outside(80)}:80,{Outside(53)}:53/udp  sh\n"));
        Assert.That(
            TheHost().GetProperty("published").GetRawText(),
            Is.EqualTo($$"""[{"protocol":"tcp","outside":"{{Outside(80)}}","inside":80},{"protocol":"udp","outside":"{{Outside(53)}}","inside":53}]"""));
    }

    private JsonElement TheHost()
    {
        using var answer = JsonDocument.Parse(Net("ps", "-d", "0", "--json"));
        return answer.RootElement.GetProperty("hosts").EnumerateArray().Single().Clone();
    }
}
