using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Programs that the machine's own programs reach through published ports.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class PublishTests(WireKind kind) : WireTest(kind)
{
    private const int SigKill = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public void Curl_outside_fetches_a_large_file_from_python()
    {
        string server = Wire.FreshAddress();
        string file = Wire.WriteRandom("site/large", 20_000_000);
        RunningProgram python = ServePython(server, "0:80");

        Fetch($"http://127.0.0.1:{PortOutside(python, 80)}/large", "fetched");

        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(file)));
        python.WaitForOutput($"{server} - - "); // the peer that the program sees is its own host
    }

    [Test]
    public void A_file_can_be_sent_in_through_nginx_and_many_connections_be_made()
    {
        string server = Wire.FreshAddress();
        string file = Wire.WriteRandom("large", 5_000_000);
        RunningProgram nginx = Wire.RunWith(
            ["-a", server, "-p", "0:80", "-p", "[::1]:0:8080"], Programs.NginxCommand(Wire, "published", Wire.Folder));
        Wire.WaitUntilListening(server, 80);
        int port = PortOutside(nginx, 80);

        string[] urls = [.. Enumerable.Repeat($"http://127.0.0.1:{port}/who", 500)];
        string answers = Wire.Start("curl", ["-sS", "--fail", "-H", "Connection: close", "-Z", .. urls]).Succeed();
        Fetch($"http://[::1]:{PortOutside(nginx, 8080)}/large", "fetched");

        Assert.That(Regex.Count(answers, $"{server} to {server}:80 by"), Is.EqualTo(urls.Length));
        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Redis_keeps_a_value_for_a_client_outside()
    {
        string server = Wire.FreshAddress();
        RunningProgram redis = Wire.RunWith(
            ["-a", server, "-p", "0:6379"],
            "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "");
        Wire.WaitUntilListening(server, 6379);
        string port = PortOutside(redis, 6379).ToString(CultureInfo.InvariantCulture);

        Assert.That(Wire.Start("redis-cli", "-p", port, "set", "colour", "blue").Succeed(), Is.EqualTo("OK\n"));
        Assert.That(Wire.Start("redis-cli", "-p", port, "get", "colour").Succeed(), Is.EqualTo("blue\n"));
        Wire.Start("redis-cli", "-p", port, "shutdown", "nosave").WaitForExit();
        redis.WaitForExit();
    }

    [Test]
    public void Datagrams_come_back_to_each_who_sent_one()
    {
        string server = Wire.FreshAddress();
        RunningProgram echo = Wire.RunWith(["-a", server, "-p", "0:7/udp"], Programs.Python, "-u", "-c", """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(('0.0.0.0', 7))
            print('bound')
            while True:
                data, peer = s.recvfrom(65536)
                s.sendto(data.upper(), peer)
            """);
        echo.WaitForOutput("bound");
        int port = PortOutside(echo, 7);
        using UdpClient first = NewClient(port), second = NewClient(port);

        first.Send("one"u8);
        second.Send("two"u8);

        Assert.That((Hear(first), Hear(second)), Is.EqualTo(("ONE", "TWO")));
    }

    [Test]
    public void A_port_that_somebody_has_is_told_before_the_program_starts()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        RunningProgram late = Wire.RunWith(["-a", Wire.FreshAddress(), "-p", $"{port}:80"], "echo", "started");

        Assert.That(late.WaitForExit(), Is.EqualTo(125), late.Transcript);
        Assert.That(late.Errors, Is.EqualTo($"pyco-run: 127.0.0.1:{port} is in use on this machine: choose another with -p\n"));
        Assert.That(late.Output, Is.Empty);
    }

    [Test]
    public void A_server_can_be_started_again_at_once_at_the_same_port()
    {
        string server = Wire.FreshAddress();
        Wire.Write("site/index.html", "here I am");
        RunningProgram first = ServePython(server, "0:80");
        int port = PortOutside(first, 80);
        Fetch($"http://127.0.0.1:{port}/", "first");
        first.Signal(SigKill);
        first.WaitForExit();

        ServePython(server, $"{port}:80");

        Fetch($"http://127.0.0.1:{port}/", "second");
        Assert.That(File.ReadAllText(Wire.PathOf("second")), Is.EqualTo("here I am"));
    }

    [Test]
    public void A_program_in_a_virtual_network_publishes_on_the_machine_s_own()
    {
        string outer = Wire.FreshAddress(), server = Wire.FreshAddress();
        Wire.Write("site/index.html", "from within");
        RunningProgram both = Wire.RunAt(
            outer, Repository.PycoRun, "-f", Wire.Control, "-a", server, "-p", "0:80", "--",
            Programs.Python, "-u", "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        Wire.WaitUntilListening(server, 80);

        Fetch($"http://127.0.0.1:{PortOutside(both, 80)}/", "fetched");

        Assert.That(File.ReadAllText(Wire.PathOf("fetched")), Is.EqualTo("from within"));
    }

    [Test]
    public void One_number_is_both_ports_and_which_they_are_is_told()
    {
        string server = Wire.FreshAddress();
        int port = FreePort();
        RunningProgram brief = Wire.RunWith(["-a", server, "-p", $"{port}"], "true");
        brief.Succeed();
        RunningProgram whole = Wire.RunWith(["-a", server, "-p", $"{port}:{port}"], "true");
        whole.Succeed();

        Assert.That(brief.Errors, Is.EqualTo($"pyco-run: 127.0.0.1:{port} on this machine leads to port {port} of {server}\n"));
        Assert.That(whole.Errors, Is.Empty);
    }

    private RunningProgram ServePython(string address, string published)
    {
        RunningProgram server = Wire.RunWith(
            ["-v", "-a", address, "-p", published],
            Programs.Python, "-u", "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        server.WaitForOutput("Serving HTTP"); // it listens
        return server;
    }

    /// <summary>Fetches with the machine's own curl into a file.</summary>
    private void Fetch(string url, string name) =>
        Wire.Start("curl", "-sS", "--fail", "--max-time", "50", "-o", Wire.PathOf(name), url).Succeed();

    /// <summary>The port that the kernel has chosen.</summary>
    private static int PortOutside(RunningProgram program, int inside)
    {
        Regex line = new($@":(\d+)(/udp)? on this machine leads to port {inside} of ");
        Match match = Match.Empty;
        Eventually.True(() => (match = line.Match(program.Errors)).Success, () => $"the port, in\n{program.Transcript}");
        return int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>A port that nobody has at the moment, and that the kernel gives to no connection.</summary>
    private static int FreePort()
    {
        const int first = 20_000, firstOfConnections = 32_768;
        return Enumerable.Range(first, firstOfConnections - first).First(IsFree);

        static bool IsFree(int port)
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    private static UdpClient NewClient(int port)
    {
        UdpClient client = new();
        client.Client.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        client.Connect(IPAddress.Loopback, port);
        return client;
    }

    private static string Hear(UdpClient client)
    {
        IPEndPoint? from = null;
        return Encoding.ASCII.GetString(client.Receive(ref from));
    }
}
