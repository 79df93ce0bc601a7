using System.Globalization;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary><c>pyco-run --link</c>, as programs feel it. What a link does to the tick is tested under a virtual clock.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class LinkTests(WireKind kind) : WireTest(kind)
{
    private const string Fetch = """
        import socket, sys, time
        start = time.monotonic()
        connection = socket.create_connection((sys.argv[1], 9), timeout=60)
        print(time.monotonic() - start)
        received = 0
        while octets := connection.recv(65536):
            received += len(octets)
        print(time.monotonic() - start, received)
        """;

    [Test]
    public void A_delay_counts_once_each_way_and_a_rate_is_not_exceeded()
    {
        string server = Wire.FreshAddress();
        RunningProgram sender = Wire.RunAt(server, Programs.Python, "-u", "-c", """
            import socket
            listener = socket.create_server(("", 9))
            print("listening")
            connection, peer = listener.accept()
            connection.sendall(bytes(1_000_000))
            """);
        sender.WaitForOutput("listening");

        string[] lines = Wire.RunWith(
            ["-a", Wire.FreshAddress(), "--link", "delay=40ms", "--link", "down:rate=10mbit"], Programs.Python, "-c", Fetch, server)
            .Succeed().Split('\n');

        // ARP's question and answer go before the handshake's. Nothing can be faster; a busy machine is slower.
        Assert.That(Seconds(lines[0]), Is.GreaterThanOrEqualTo(0.08), "the handshake's two ways");
        string[] transfer = lines[1].Split(' ');
        Assert.That(transfer[1], Is.EqualTo("1000000"));
        Assert.That(Seconds(transfer[0]), Is.GreaterThanOrEqualTo(0.88), "1 MB at 10 Mbit/s, after the handshake");
    }

    [Test]
    public void What_is_lost_is_sent_again_until_all_has_come()
    {
        string server = Wire.FreshAddress();
        Wire.WriteRandom("site/file", 1_000_000);
        RunningProgram python = Wire.RunWith(
            ["-a", server, "--link", "loss=3%,seed=7"], Programs.Python, "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        Wire.WaitUntilListening(server, 80);

        Wire.RunAt(Wire.FreshAddress(), "curl", "-sS", "--fail", "--max-time", "100", "-o", Wire.PathOf("fetched"), $"http://{server}/file")
            .Succeed(TimeSpan.FromSeconds(120));

        Assert.That(File.ReadAllBytes(Wire.PathOf("fetched")), Is.EqualTo(File.ReadAllBytes(Wire.PathOf("site/file"))));
        if (Kind == WireKind.OwnNetwork)
        {
            string[] line = Wire.Start(Repository.PycoNet, "link", Wire.Control, "--host", server).Succeed()
                .Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int passed = int.Parse(line[1], CultureInfo.InvariantCulture), lost = int.Parse(line[2], CultureInfo.InvariantCulture);
            Assert.That(lost / (double)(passed + lost), Is.InRange(0.005, 0.08), "about 3 % of what the server sent");
        }
        Assert.That(python.HasExited, Is.False);
    }

    private static double Seconds(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
