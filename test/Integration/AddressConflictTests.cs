using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Who gets an address that more than one wants, one after the other or at once.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class AddressConflictTests(WireKind kind) : WireTest(kind)
{
    /// <summary>Keeps a client connected until it is ended, or a line comes.</summary>
    private const string Server = """
        import socket, sys
        listener = socket.create_server(("", 80))
        print("up", flush=True)
        connection, peer = listener.accept()
        connection.sendall(b"hello")
        print("connected", flush=True)
        sys.stdin.readline()
        """;

    /// <summary>For each line, connects until somebody greets it, and never closes.</summary>
    private const string Client = """
        import socket, sys
        connections = []
        for line in sys.stdin:
            while True:
                try:
                    connections.append(socket.create_connection((sys.argv[1], 80), timeout=20))
                    print("greeted", connections[-1].recv(100).decode(), line, end="", flush=True)
                    break
                except OSError:
                    pass
        """;

    [Test]
    public void A_server_that_ended_with_a_client_connected_can_start_again_at_once()
    {
        string address = Wire.FreshAddress();
        RunningProgram client = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", Client, address);
        for (int round = 0; round < 30; round++)
        {
            RunningProgram server = Wire.RunAt(address, Programs.Python, "-u", "-c", Server);
            server.WaitForOutput("up"); // fails with what it said if it was refused
            client.WriteLine($"round {round}");
            client.WaitForOutput($"greeted hello round {round}\n");
            server.WaitForOutput("connected");
            switch (round % 3)
            {
                case 0:
                    server.Signal(9);
                    break;
                case 1:
                    server.Terminate();
                    break;
                default:
                    server.WriteLine("end");
                    break;
            }
            server.WaitForExit();
        }
        Assert.That(client.HasExited, Is.False, client.Transcript);
    }

    [Test]
    public void Of_two_that_start_at_once_exactly_one_gets_the_address_and_the_other_hears_who()
    {
        for (int round = 0; round < 20; round++)
        {
            string address = Wire.FreshAddress();
            RunningProgram[] both =
            [
                .. Enumerable.Range(0, 2).Select(_ => Wire.RunAt(address, "sh", "-c", "echo up; read -r line")),
            ];
            Eventually.True(() => both.All(program => program.HasExited || program.Output.Length > 0), () => Wire.Transcript);
            RunningProgram[] losers = [.. both.Where(program => program.HasExited)];

            Assert.That(losers, Has.Length.EqualTo(1), Wire.Transcript);
            Assert.That(losers[0].WaitForExit(), Is.EqualTo(125));
            Assert.That(losers[0].Errors, Does.Match(
                $@"^pyco-run: address {address} is in use on this network by [0-9a-f:]{{17}}( \(sh, pid \d+\))?: choose another with -a\n$"));
        }
    }
}
