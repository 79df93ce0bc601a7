using System.Net.Sockets;
using System.Text;
using Pyco.Network.Tests.Testing;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Network.Tests;

/// <summary>Plugs as they come in life: honest, slow, broken, many.</summary>
internal sealed class PlugTests
{
    private static readonly string[] OwnFiles = ["ctl", "lock", "log", "mgmt", "pyco"];

    [Test]
    public void Two_plugs_reach_each_other()
    {
        using TestNetwork network = new();
        using VdePlug first = network.Plug(), second = network.Plug();

        first.Send(TestFrame.Broadcast(network.Frames, from: 1));

        Assert.That(Receive(second)[6..12], Is.EqualTo(new byte[] { 2, 0, 0, 0, 0, 1 }));
    }

    [Test]
    public void A_plug_that_dies_leaves_no_port_and_no_file()
    {
        using TestNetwork network = new();
        VdePlug plug = network.Plug();
        network.Until(running => running.Switch.Ports.Count == 1, "its port");
        Assert.That(network.Files, Has.Length.EqualTo(OwnFiles.Length + 1));

        plug.Dispose();

        network.Until(running => running.Switch.Ports.Count == 0, "its port is gone");
        Assert.That(network.Files, Is.EqualTo(OwnFiles));
    }

    [Test]
    public void A_thousand_plugs_come_and_go_and_leave_no_descriptor_and_no_file()
    {
        using TestNetwork network = new();
        for (int warmUp = 0; warmUp < 10; warmUp++)
            network.Plug().Dispose();
        network.Until(running => running.Switch.Ports.Count == 0, "the first ones are gone");
        int before = OpenSockets();

        for (int round = 0; round < 10; round++)
        {
            VdePlug[] plugs = [.. Enumerable.Range(0, 100).Select(_ => network.Plug())];
            Assert.That(network.Ask(running => running.Switch.Ports.Count), Is.EqualTo(100));
            foreach (VdePlug plug in plugs)
            {
                plug.Send(TestFrame.Broadcast(network.Frames, from: (byte)round));
                plug.Dispose();
            }
            network.Until(running => running.Switch.Ports.Count == 0, "all are gone");
        }

        Assert.That(OpenSockets(), Is.EqualTo(before));
        Assert.That(network.Files, Is.EqualTo(OwnFiles));
        Assert.That(network.Ask(running => running.Memory.Frames.Outstanding), Is.LessThanOrEqualTo(64), "frames that wait to be read into");
        Assert.That(network.Ask(running => running.Switch.Stations.Entries.Count), Is.Zero);
    }

    [Test]
    public void A_plug_that_never_reads_loses_its_frames_and_nobody_elses()
    {
        const int sent = 5000;
        using TestNetwork network = new();
        using VdePlug deaf = network.Plug("deaf"), sender = network.Plug("sender"), listener = network.Plug("listener");
        Frame[] received = new Frame[64];
        int heard = 0;

        for (int count = 0; count < sent; count++)
        {
            sender.Send(TestFrame.Broadcast(network.Frames, from: 1, length: 1000));
            while (sender.WantsWrite)
                sender.OnWritable(default);
            while (heard <= count)
            {
                int taken = listener.Receive(received);
                heard += taken;
                for (int index = 0; index < taken; index++)
                    received[index].Dispose();
            }
        }

        Assert.That(heard, Is.EqualTo(sent), "one that reads gets all");
        network.Until(running => running.Switch.Ports[0].Counters.DroppedQueueFull > 0, "drops");
        Assert.That(network.Ask(running => running.Switch.Ports[0].Counters.DroppedQueueFull), Is.InRange(sent / 2, sent));
        Assert.That(network.Ask(running => running.Switch.Ports[2].Counters.Dropped), Is.Zero);
        Assert.That(network.Ask(running => running.Memory.Frames.Outstanding), Is.LessThan(1500), "memory is bounded");
        deaf.Dispose();
        network.Until(running => running.Switch.Ports.Count == 2, "it can leave");
        Assert.That(network.Ask(running => running.Memory.Frames.Outstanding), Is.LessThan(256), "and its queue goes with it");
    }

    [TestCase("ctl")]
    [TestCase("pyco")]
    public void A_connection_that_says_nothing_is_closed_after_a_while_and_nobody_waits_for_it(string socket)
    {
        using TestNetwork network = new();
        using RawClient silent = network.Connect(socket);
        using VdePlug first = network.Plug(), second = network.Plug();
        first.Send(TestFrame.Broadcast(network.Frames, from: 1));
        Receive(second);
        Assert.That(silent.IsSilent, Is.True);

        network.Pass(TimeSpan.FromSeconds(1)); // the real time goes on besides
        network.Ask(_ => true);
        Assert.That(silent.IsSilent, Is.True, "it is given some time");
        network.Pass(TimeSpan.FromSeconds(4.5));

        Assert.That(silent.ReceiveAll(), Is.Empty);
        first.Send(TestFrame.Broadcast(network.Frames, from: 1));
        Receive(second);
    }

    [Test]
    public void A_terminal_may_be_silent_for_as_long_as_its_user_thinks()
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();

        network.Pass(TimeSpan.FromHours(1));

        Assert.That(client.Show("port/print"), Is.Empty);
    }

    [Test]
    public void Thousands_of_silent_connections_do_not_keep_a_plug_out()
    {
        using TestNetwork network = new();
        List<RawClient> silent = [];
        for (int count = 0; count < 1000; count++)
            silent.Add(network.Connect("ctl"));

        network.Plug().Dispose();

        silent.ForEach(connection => connection.Dispose());
    }

    [TestCase("ctl", "garbage")]
    [TestCase("ctl", "")]
    [TestCase("pyco", "status")]
    [TestCase("pyco", "nosuch\n\n")]
    [TestCase("pyco", "join\naddress=nonsense\n\n")]
    [TestCase("pyco", "\n\n")]
    [TestCase("pyco", "\0\u0001\u00ff\n\n")]
    [TestCase("mgmt", "\0\u0001\u00ff\n")]
    public void Garbage_hurts_nobody(string socket, string request)
    {
        using TestNetwork network = new();
        using RawClient client = network.Connect(socket);

        client.TrySend(Encoding.Latin1.GetBytes(request));
        client.TrySend([.. Enumerable.Repeat((byte)'x', 100_000)]); // it may be gone by now
        network.Pass(TimeSpan.FromSeconds(6));
        network.Ask(_ => true);

        network.Plug().Dispose();
    }

    [Test]
    public void A_request_for_frames_to_something_that_is_no_socket_is_refused()
    {
        using TestNetwork network = new();
        foreach (string name in new[] { "nosuch", "file", "stream" })
        {
            string path = Path.Combine(network.Root, name);
            using Socket stream = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            if (name == "file")
                File.WriteAllText(path, "");
            if (name == "stream")
                stream.Bind(new UnixDomainSocketEndPoint(path));
            using RawClient client = network.Connect("ctl");
            client.Send(Request(path));

            Assert.That(client.ReceiveAll(), Is.Empty, name);
        }
        Assert.That(network.Ask(running => running.Switch.Ports.Count + running.Plugs.Ports.Count), Is.Zero);
        Assert.That(network.Files, Is.EqualTo(OwnFiles));
    }

    [Test]
    public void A_wanted_port_is_given_once()
    {
        using TestNetwork network = new();
        using VdePlug first = VdePlug.Connect(new VnlLocator(network.Path, 7), "first", network.Frames, _ => { });

        Assert.That(network.Ask(running => running.Switch.Ports[0].Number), Is.EqualTo(7));
        Assert.That(
            () => VdePlug.Connect(new VnlLocator(network.Path, 7), "second", network.Frames, _ => { }).Dispose(),
            Throws.InstanceOf<VdeException>());
        Assert.That(network.Ask(running => running.Switch.Ports.Count), Is.EqualTo(1));
    }

    [Test]
    public void Two_plugs_that_somebody_joins_outside_are_found_and_one_is_blocked()
    {
        using TestNetwork network = new();
        using VdePlug first = network.Plug("cable"), second = network.Plug("cable"), host = network.Plug("host");
        Frame[] frames = new Frame[64];
        void Carry(VdePlug from, VdePlug to)
        {
            int count = from.Receive(frames);
            for (int index = 0; index < count; index++)
                to.Send(frames[index]);
            if (to.WantsWrite)
                to.OnWritable(default);
        }

        host.Send(TestFrame.Broadcast(network.Frames, from: 9));
        long end = Environment.TickCount64 + 60_000;
        while (!network.Ask(running => running.Switch.Ports[1].IsBlocked))
        {
            for (int count = 0; count < 100; count++)
            {
                Carry(first, second);
                Carry(second, first);
                int heard = host.Receive(frames);
                for (int index = 0; index < heard; index++)
                    frames[index].Dispose();
            }
            Assert.That(Environment.TickCount64, Is.LessThan(end), "the loop is found");
        }

        Assert.That(network.Ask(running => running.Switch.Ports[0].IsBlocked), Is.False);
        using ManagementClient client = network.Manage();
        Assert.That(client.Show("vlan/print 0"), Does.Contain("Port 0002 tagged=0 active=1 status=Discarding"));
        Assert.That(File.ReadAllText(Path.Combine(network.Path, "log")), Does.Contain("port 2 is blocked"));
    }

    private static byte[] Receive(VdePlug plug)
    {
        Frame[] frames = new Frame[1];
        int count = 0;
        Assert.That(() => count = plug.Receive(frames), Is.EqualTo(1).After(60_000, 1), "a frame");
        byte[] octets = frames[0].Octets.ToArray();
        frames[0].Dispose();
        return octets;
    }

    /// <summary>What a plug says, with any path.</summary>
    private static byte[] Request(string path)
    {
        Assert.That(Posix.UnixAddress.TryFromPath(path, out Posix.UnixAddress address), Is.True);
        byte[] request = new byte[PlugRequest.Capacity];
        return request[..new PlugRequest(0, address, "forged").Write(request)];
    }

    /// <summary>Of sockets alone: the runtime opens files of its own when it compiles or loads something.</summary>
    private static int OpenSockets() => Directory.GetFileSystemEntries("/proc/self/fd")
        .Count(entry => new FileInfo(entry).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
}
