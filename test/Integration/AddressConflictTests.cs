using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Who gets an address that more than one wants, one after the other or at once.</summary>
internal sealed class AddressConflictTests() : WireTest(WireKind.StockSwitch)
{
    private const int SigKill = 9;

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

            Assert.That(losers, Has.Length.EqualTo(1), $"round {round}");
            AssertRefused(losers[0], address);
        }
    }

    [Test]
    public void A_host_that_gets_no_processor_keeps_its_address_from_one_that_starts()
    {
        string address = Wire.FreshAddress();
        RunningProgram first = Wire.RunAt(address, "sh", "-c", "echo up; read -r line");
        first.WaitForOutput("up");
        HostProcess host = HostProcess.Of(first);
        Signal(host, RunningProgram.SigStop);
        Wire.AtEnd(() => Signal(host, SigKill)); // whatever happens, it does not stay behind stopped

        RunningProgram second = Start(address, "trace");
        // Its third probe, long after a host that trusts 12 ms of silence would have been up.
        Eventually.True(() => CountProbes("trace") >= 3, () => "the second host's probes");
        Signal(host, RunningProgram.SigContinue);

        AssertRefused(second, address);
    }

    [Test]
    public void A_host_that_stays_stopped_loses_its_address_in_the_end()
    {
        string address = Wire.FreshAddress();
        RunningProgram first = Wire.RunAt(address, "sh", "-c", "echo up; read -r line");
        first.WaitForOutput("up");
        HostProcess host = HostProcess.Of(first);
        Signal(host, RunningProgram.SigStop);
        Wire.AtEnd(() => Signal(host, SigKill));

        Start(address, "trace").WaitForOutput("up");

        Assert.That(CountProbes("trace"), Is.GreaterThanOrEqualTo(8));
    }

    [Test]
    public void Who_only_holds_the_lock_of_an_address_delays_a_host_and_does_not_deny_it()
    {
        string address = Wire.FreshAddress();
        RunningProgram holder = Wire.Start(Programs.Python, "-c", """
            import os, socket, sys
            status = os.stat(sys.argv[1] + "/ctl")
            network = f"{os.major(status.st_dev):x}:{os.minor(status.st_dev):x}:{status.st_ino:x}"
            name = socket.socket(socket.AF_UNIX)
            name.bind(f"\0pyco-address-{network}-{sys.argv[2]}")
            print("held", flush=True)
            sys.stdin.readline()
            """, Wire.Control, address);
        holder.WaitForOutput("held");

        Start(address, "trace").WaitForOutput("up");

        Assert.That(CountProbes("trace"), Is.GreaterThanOrEqualTo(8), "it listened longer than others");
    }

    [Test, NeedsRoot]
    public void Two_that_are_up_with_one_address_and_one_MAC_find_out_and_the_one_that_loses_is_told()
    {
        string address = Wire.FreshAddress();
        RunningProgram first = Wire.RunAt(address, "sh", "-c", "echo up; read -r line");
        first.WaitForOutput("up");
        HostProcess host = HostProcess.Of(first);
        Signal(host, RunningProgram.SigStop);
        Wire.AtEnd(() => Signal(host, SigKill));
        // In a network namespace of its own it does not see the lock either.
        RunningProgram second = Wire.Start(
            "unshare", "-n", Repository.PycoRun, "-a", address, "-f", Wire.Control, "--", "sh", "-c", "echo up; read -r line");
        second.WaitForOutput("up");
        Signal(host, RunningProgram.SigContinue);

        bool HasLost(RunningProgram program) => program.Errors.Contains("given up", StringComparison.Ordinal);
        Eventually.True(() => HasLost(first) || HasLost(second), () => "one that gives the address up");

        Assert.That(HasLost(first) && HasLost(second), Is.False, "the other keeps it");
    }

    private static void AssertRefused(RunningProgram program, string address)
    {
        Assert.That(program.WaitForExit(), Is.EqualTo(125));
        Assert.That(program.Errors, Does.Match(
            $@"^pyco-run: address {address} is in use on this network by [0-9a-f:]{{17}}: choose another with -a\n$"));
    }

    private RunningProgram Start(string address, string trace) => Wire.RunWith(
        ["-a", address, "--pcap", Wire.PathOf(trace)], "sh", "-c", "echo up; read -r line");

    /// <summary>How many probes the host has sent, which are ARP requests that name no sender.</summary>
    private int CountProbes(string trace)
    {
        byte[] request = [0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1];
        const int sender = 16; // from the EtherType on: the sender's MAC, then its address
        if (!File.Exists(Wire.PathOf(trace)))
            return 0;
        ReadOnlySpan<byte> rest = File.ReadAllBytes(Wire.PathOf(trace));
        int count = 0;
        for (int at = rest.IndexOf(request); at >= 0 && rest.Length >= at + sender + 4; at = rest.IndexOf(request))
        {
            if (rest.Slice(at + sender, 4).SequenceEqual<byte>([0, 0, 0, 0]))
                count++;
            rest = rest[(at + sender)..];
        }
        return count;
    }

    /// <summary>By the system call itself: the other host counts the time until then.</summary>
    private static void Signal(HostProcess host, int signal)
    {
        if (host.IsAlive)
            RunningProgram.Signal(host.Id, signal);
    }
}
