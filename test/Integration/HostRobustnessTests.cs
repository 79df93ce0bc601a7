using System.Globalization;
using System.Net.Sockets;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Clients that mean harm, limits that are met, and quiet: what a published host makes of them.</summary>
internal sealed class HostRobustnessTests() : WireTest(WireKind.StockSwitch)
{
    private const int HostileConnections = 10_000;
    private const int TransferOctets = 100 << 20;

    [Test]
    public void Ten_thousand_hostile_connections_do_not_disturb_a_transfer()
    {
        string server = Wire.FreshAddress();
        string file = Wire.WriteRandom("site/file", TransferOctets);
        Wire.Write("site/small", "small");
        RunningProgram python = Wire.ServePython(server, Path.GetDirectoryName(file)!);
        HostProcess host = HostProcess.Of(python);
        Curl($"http://{server}/small"); // all that is made once has been made
        int descriptorsBefore = host.OpenDescriptors;
        long memoryBefore = host.ResidentOctets;

        // It is slow and the attack lasts as long, however busy the machine is.
        RunningProgram transfer = Wire.RunAt(
            Wire.FreshAddress(), "curl", "-sS", "--fail", "--limit-rate", "10M", "--max-time", "120", "-o", "copy", $"http://{server}/file");
        Eventually.True(() => File.Exists(Wire.PathOf("copy")), () => "the transfer");
        Random random = new(1);
        for (int number = 0; number < HostileConnections || !transfer.HasExited; number++)
            Attack(host, random);

        transfer.Succeed();
        Assert.That(Programs.Hash(Wire.PathOf("copy")), Is.EqualTo(Programs.Hash(file)));
        Eventually.True(
            () => host.OpenDescriptors <= descriptorsBefore,
            () => $"{descriptorsBefore} descriptors instead of {host.OpenDescriptors}");
        Assert.That(host.ResidentOctets - memoryBefore, Is.LessThan(32 << 20), "octets more in memory");
        Assert.That(Curl($"http://{server}/small"), Is.EqualTo("small\n"));
    }

    [Test]
    public void A_host_out_of_descriptors_refuses_sockets_and_recovers()
    {
        string server = Wire.FreshAddress();
        Wire.ServePython(server, Wire.Folder);
        RunningProgram client = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", """
            import socket, sys
            print("ready")
            sys.stdin.readline()
            held, error = [], None
            while error is None and len(held) < 1000:
                try:
                    held.append(socket.create_connection((sys.argv[1], 80), timeout=20))
                except OSError as failure:
                    error = failure
            print("held", len(held), "then", error)
            held[0].getsockname() # a question that needs the host
            held[0].sendall(b"GET / HTTP/1.0\r\n\r\n")
            print("still", held[0].recv(12).decode())
            for connection in held:
                connection.close()
            socket.create_connection((sys.argv[1], 80), timeout=20)
            print("recovered")
            """, server);
        client.WaitForOutput("ready");
        HostProcess host = HostProcess.Of(client);
        Limit(host, host.OpenDescriptors + 20);

        client.WriteLine("go");

        Assert.That(client.Succeed(), Does.Match(@"held \d+ then .*105").And.Contain("still HTTP/1.").And.Contain("recovered"));
        Assert.That(client.Errors, Does.Contain("out of file descriptors").And.Not.Contain("internal error"));
    }

    [Test]
    public void A_server_s_host_out_of_descriptors_lets_connections_wait()
    {
        string server = Wire.FreshAddress();
        RunningProgram echo = Wire.RunAt(server, Programs.Python, "-u", "-c", """
            import socket, threading
            def serve(connection):
                while data := connection.recv(4096):
                    connection.sendall(data)
                connection.close()
            listener = socket.create_server(("", 7), backlog=128)
            print("ready")
            while True:
                threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
            """);
        echo.WaitForOutput("ready");
        HostProcess host = HostProcess.Of(echo);
        Limit(host, host.OpenDescriptors + 20);

        string output = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", """
            import socket, sys
            connections = [socket.create_connection((sys.argv[1], 7), timeout=30) for _ in range(60)]
            for connection in connections:
                connection.sendall(b"hello")
            answered = 0
            while connections:
                connection = connections.pop(0) # each one that is closed lets another one in
                assert connection.recv(5) == b"hello"
                connection.close()
                answered += 1
            print("answered", answered)
            """, server).Succeed();

        Assert.That(output, Is.EqualTo("answered 60\n"));
    }

    [Test]
    public void An_idle_host_does_nothing()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", """
            import socket, sys, time
            listener = socket.create_server(("", 80))
            datagrams = socket.socket(type=socket.SOCK_DGRAM)
            datagrams.bind(("", 53))
            print("ready")
            for line in sys.stdin:
                time.sleep(float(line))
                print("slept", line)
            """);
        program.WaitForOutput("ready");
        HostProcess host = HostProcess.Of(program);
        Pass(5); // the address is announced twice, two seconds apart (RFC 5227)
        (long wakeUps, long ticks) before = (host.WakeUps, host.ProcessorTicks);

        Pass(5);

        Assert.That((host.WakeUps, host.ProcessorTicks), Is.EqualTo(before));

        void Pass(int seconds)
        {
            program.WriteLine(Text(seconds));
            program.WaitForOutput($"slept {seconds}\n");
        }
    }

    /// <summary>One connection of a kind that no program of ours makes.</summary>
    private static void Attack(HostProcess host, Random random)
    {
        bool isStream = random.Next(4) > 0;
        SocketType type = isStream ? SocketType.Stream : SocketType.Seqpacket;
        using Socket socket = new(AddressFamily.Unix, type, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(isStream ? $"\0pyco/{host.Name}" : $"\0pyco/{host.Name}/d"));
        byte[] nonsense = new byte[random.Next(0, 1000)];
        random.NextBytes(nonsense);
        if (nonsense.Length > 8 && random.Next(2) == 0)
            "PYCO\u0001\0"u8.CopyTo(nonsense); // the right magic and version
        try
        {
            socket.Send(nonsense);
        }
        catch (SocketException)
        {
            // the host was quicker
        }
    }

    private void Limit(HostProcess host, int descriptors) =>
        Wire.Start("prlimit", "--pid", Text(host.Id), $"--nofile={Text(descriptors)}").Succeed();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
