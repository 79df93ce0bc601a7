using Pyco.Host.Loop;
using Pyco.Network.Capture;
using Pyco.Network.Tests.Testing;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;

namespace Pyco.Network.Tests;

/// <summary>What a capture's reader gets of a switch, however slow it is.</summary>
internal sealed class FrameCaptureTests
{
    private const uint Inbound = 1;
    private const uint Outbound = 2;

    private readonly List<LocalPort> _ports = [];
    private readonly Frame[] _taken = new Frame[1];
    private EventLoop _loop = null!;
    private StackMemory _memory = null!;
    private Switch _switch = null!;

    [SetUp]
    public void MakeSwitch()
    {
        _loop = new EventLoop(TimeProvider.System);
        _memory = new StackMemory(new FramePool());
        _switch = new Switch(_memory, () => _loop.Now);
        _ports.Clear();
        AddPort();
        AddPort();
        AddPort();
    }

    [TearDown]
    public void AllFramesCameBack()
    {
        _ports.ForEach(port => port.Dispose());
        _loop.Dispose();
        Assert.That(_memory.Frames.Outstanding, Is.Zero);
    }

    [Test]
    public void Of_the_whole_network_every_frame_is_there_once_where_it_came_in()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        Send(from: 1, to: null, 60); // to both others
        Send(from: 2, to: 1, 61);
        reader.SayNoMore();
        CapturedBlocks blocks = reader.ReadToEnd(_loop);
        Assert.That(
            blocks.Packets.Select(packet => (packet.Interface, packet.Direction, packet.Length)),
            Is.EqualTo(new[] { (0, Inbound, 60), (1, Inbound, 61) }));
        Assert.That(blocks.Interfaces, Is.EqualTo(new[] { "port1", "port2", "port3" }));
        Assert.That(blocks.Statistics, Is.EquivalentTo(new Dictionary<int, (ulong, ulong)> { [0] = (1, 0), [1] = (1, 0), [2] = (0, 0) }));
    }

    [Test]
    public void The_octets_are_those_that_passed()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        byte[] octets = Send(from: 1, to: null, 61);
        reader.SayNoMore();
        Assert.That(reader.ReadToEnd(_loop).Packets.Single().Kept, Is.EqualTo(octets));
    }

    [Test]
    public void Of_one_port_both_directions_are_there_and_nothing_of_the_others()
    {
        Send(from: 2, to: null, 60); // so that it is known where 2 is
        using CaptureReader reader = Capture(new CaptureOptions { Port = 2 }, port => port.Number == 2);
        Send(from: 1, to: 2, 62);
        Send(from: 2, to: null, 63);
        Send(from: 1, to: 3, 64); // floods: 3 has not been heard
        Send(from: 3, to: 1, 65);
        reader.SayNoMore();
        CapturedBlocks blocks = reader.ReadToEnd(_loop);
        Assert.That(blocks.Interfaces, Is.EqualTo(new[] { "port2" }));
        Assert.That(
            blocks.Packets.Select(packet => (packet.Interface, packet.Direction, packet.Length)),
            Is.EqualTo(new[] { (0, Outbound, 62), (0, Inbound, 63), (0, Outbound, 64) }));
    }

    [Test]
    public void A_port_that_comes_later_is_described_before_its_first_frame()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        Send(from: 1, to: null, 60);
        AddPort();
        Send(from: 4, to: null, 60);
        reader.SayNoMore();
        CapturedBlocks blocks = reader.ReadToEnd(_loop);
        Assert.That(blocks.Interfaces, Has.Count.EqualTo(4));
        Assert.That(blocks.Packets[1].Interface, Is.EqualTo(3));
    }

    [Test]
    public void A_number_that_another_port_gets_is_another_interface()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        Send(from: 3, to: null, 60);
        _ports[2].Dispose();
        _ports.RemoveAt(2);
        AddPort();
        Send(from: 3, to: null, 60);
        reader.SayNoMore();
        CapturedBlocks blocks = reader.ReadToEnd(_loop);
        Assert.That(blocks.Interfaces, Is.EqualTo(new[] { "port1", "port2", "port3", "port3" }));
        Assert.That(blocks.Packets.Select(packet => packet.Interface), Is.EqualTo(new[] { 2, 3 }));
    }

    [Test]
    public void A_kept_length_cuts_octets_and_tells_how_many_there_were()
    {
        using CaptureReader reader = Capture(new CaptureOptions { SnapLength = 33 });
        Send(from: 1, to: null, 1000);
        Send(from: 1, to: null, 20);
        reader.SayNoMore();
        Assert.That(
            reader.ReadToEnd(_loop).Packets.Select(packet => (packet.Kept.Length, packet.Length)), Is.EqualTo(new[] { (33, 1000), (20, 20) }));
    }

    [Test]
    public void It_ends_by_itself_after_so_many_frames()
    {
        using CaptureReader reader = Capture(new CaptureOptions { Count = 2 });
        for (int frame = 0; frame < 5; frame++)
            Send(from: 1, to: null, 60);
        Assert.That(reader.ReadToEnd(_loop).Packets, Has.Count.EqualTo(2));
        Assert.That(reader.HasEnded, Is.True);
    }

    [Test]
    public void A_reader_that_sleeps_loses_frames_which_are_counted_and_holds_nobody_up()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        const int sent = 10_000; // of 1.5 KB: several times what the buffer takes
        for (int frame = 0; frame < sent; frame++)
        {
            Send(from: 1, to: null, 1514);
            if (frame % 100 == 0)
                _loop.Turn(TimeSpan.Zero);
        }
        Assert.That(reader.Capture.Dropped, Is.GreaterThan(0));
        reader.SayNoMore();
        CapturedBlocks blocks = reader.ReadToEnd(_loop);
        Assert.That(blocks.Packets, Has.Count.GreaterThan(FrameCapture.BufferCapacity / 1600));
        Assert.That(blocks.Packets, Has.Count.LessThan(sent / 2));
        Assert.That(blocks.Statistics[0], Is.EqualTo(((ulong)sent, (ulong)(sent - blocks.Packets.Count))));
        Assert.That(reader.Capture.Captured, Is.EqualTo((ulong)blocks.Packets.Count));
    }

    [Test]
    public void A_port_that_comes_while_there_is_no_room_still_has_its_losses_counted()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        while (reader.Capture.Dropped == 0)
        {
            Send(from: 1, to: null, 1514);
            _loop.Turn(TimeSpan.Zero);
        }
        while (Dropped(() => Send(from: 1, to: null, 60)) == 0)
        {
        }
        AddPort();
        Send(from: 4, to: null, 60);
        reader.SayNoMore();
        CapturedBlocks blocks = reader.ReadToEnd(_loop);
        Assert.That(blocks.Interfaces[3], Is.EqualTo("port4"));
        Assert.That(blocks.Statistics[3], Is.EqualTo((1ul, 1ul)));

        ulong Dropped(Action action)
        {
            ulong before = reader.Capture.Dropped;
            action();
            return reader.Capture.Dropped - before;
        }
    }

    [Test]
    public void After_a_pause_the_reader_gets_what_comes_then()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        while (reader.Capture.Dropped == 0)
        {
            Send(from: 1, to: null, 1514);
            _loop.Turn(TimeSpan.Zero);
        }
        for (int turn = 0; turn < 1000; turn++)
        {
            reader.Read();
            _loop.Turn(TimeSpan.Zero);
        }
        Send(from: 2, to: null, 77);
        _loop.Turn(TimeSpan.Zero);
        reader.Read();
        Assert.That(reader.Blocks.Packets[^1].Length, Is.EqualTo(77), "without being asked for the end");
    }

    [Test]
    public void A_reader_that_is_gone_ends_its_capture_only()
    {
        using CaptureReader gone = Capture(new CaptureOptions());
        using CaptureReader other = Capture(new CaptureOptions());
        gone.Vanish();
        Send(from: 1, to: null, 60);
        _loop.Turn(TimeSpan.Zero);
        _loop.Turn(TimeSpan.Zero);
        Assert.That(gone.HasEnded, Is.True);
        Send(from: 1, to: null, 60);
        other.SayNoMore();
        Assert.That(other.ReadToEnd(_loop).Packets, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_steady_flow_to_a_reader_that_keeps_up_allocates_nothing()
    {
        using CaptureReader reader = Capture(new CaptureOptions());
        void Round()
        {
            for (int frame = 0; frame < 64; frame++)
                Send(_ports[0], 1514);
            _loop.Turn(TimeSpan.Zero);
            reader.Discard();
        }
        for (int round = 0; round < 50; round++)
            Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 50; round++)
            Round();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(reader.Capture.Dropped, Is.Zero);
    }

    private CaptureReader Capture(CaptureOptions options, Func<SwitchPort, bool>? wants = null) => new(options, _switch, _loop, wants);

    private void AddPort()
    {
        LocalPort port = new("station", userId: 1000, mtu: 1500);
        Assert.That(_switch.TryAdd(port), Is.True);
        _ports.Add(port);
    }

    /// <summary>Sends a frame of a length from the station at one port to that at another, or to all.</summary>
    private byte[] Send(int from, int? to, int length)
    {
        byte[] octets = new byte[length];
        for (int index = 14; index < length; index++)
            octets[index] = (byte)index;
        if (to is { } station)
            octets[5] = (byte)station;
        else
            octets.AsSpan(0, 6).Fill(0xff);
        octets[6] = 2;
        octets[11] = (byte)from;
        octets[0] = (byte)(to is null ? 0xff : 2);
        octets[12] = 0x88;
        octets[13] = 0xb5; // IEEE 802's local experiments
        Frame frame = _memory.Frames.Rent();
        octets.CopyTo(frame.Append(length));
        _ports.Single(port => port.Number == from).Send(frame);
        Take();
        return octets;
    }

    private void Send(LocalPort from, int length)
    {
        Frame frame = _memory.Frames.Rent();
        Span<byte> octets = frame.Append(length);
        octets.Clear();
        octets[..6].Fill(0xff);
        octets[6] = 2;
        from.Send(frame);
        Take();
    }

    /// <summary>Stations take what has arrived.</summary>
    private void Take()
    {
        for (int index = 0; index < _ports.Count; index++)
        {
            while (_ports[index].Receive(_taken) > 0)
                _taken[0].Dispose();
        }
    }
}
