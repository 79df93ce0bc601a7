using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Network.Capture;
using Pyco.Posix;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Tests.Testing;

/// <summary>A switch under capture, and the other end of the capture's connection, which reads when it is told to.</summary>
internal sealed unsafe class CaptureReader : IDisposable
{
    private readonly List<byte> _taken = [];
    private readonly ControlConnection _connection;
    private int _socket;

    public CaptureReader(CaptureOptions options, Switch @switch, EventLoop loop, Func<SwitchPort, bool>? wants = null)
    {
        int* ends = stackalloc int[2];
        if (Libc.socketpair(Constants.AfUnix, Constants.SockStream | Constants.SockNonblock | Constants.SockCloexec, 0, ends) != 0)
            throw new InvalidOperationException("no socket pair");
        _socket = ends[0];
        _connection = new ControlConnection(loop, ends[1], (_, _, _) => { });
        loop.Add(_connection, Constants.EpollIn | Constants.EpollRdhup);
        Say(new ControlRequest("capture", "").ToOctets());
        loop.Turn(TimeSpan.Zero);
        Capture = new FrameCapture(
            @switch,
            options,
            _connection,
            wants ?? (_ => true),
            port => new CapturedInterface($"port{port.Number}", null, [], port.Description))
        {
            Ended = () =>
            {
                HasEnded = true;
                @switch.Remove(Capture!);
                loop.Remove(Capture!);
            },
        };
        @switch.Add(Capture);
        loop.Add(Capture);
    }

    public FrameCapture Capture { get; }

    public bool HasEnded { get; private set; }

    /// <summary>Reads all that is there, or as much as was asked for; -1 at the end.</summary>
    public int Read(int most = int.MaxValue)
    {
        byte* octets = stackalloc byte[16 * 1024];
        int total = 0;
        while (total < most)
        {
            nint length = Libc.recv(_socket, octets, 16 * 1024, Constants.MsgDontwait);
            if (length == 0)
                return -1;
            if (length < 0)
                break;
            _taken.AddRange(new ReadOnlySpan<byte>(octets, (int)length));
            total += (int)length;
        }
        return total;
    }

    /// <summary>Reads all that is there, and forgets it.</summary>
    public void Discard()
    {
        byte* octets = stackalloc byte[16 * 1024];
        while (Libc.recv(_socket, octets, 16 * 1024, Constants.MsgDontwait) > 0)
        {
        }
    }

    /// <summary>Turns the loop and reads until the capture ends; fails if it never does.</summary>
    public CapturedBlocks ReadToEnd(EventLoop loop)
    {
        for (int turn = 0; turn < 10_000; turn++)
        {
            loop.Turn(TimeSpan.Zero);
            if (Read() < 0)
                return Blocks;
        }
        throw new AssertionException("the capture does not end");
    }

    /// <summary>What has been read so far.</summary>
    public CapturedBlocks Blocks => CapturedBlocks.Parse(CollectionsMarshal.AsSpan(_taken));

    public void SayNoMore() => _ = Libc.shutdown(_socket, Constants.ShutWr);

    public void Dispose()
    {
        if (_socket >= 0)
            _ = Libc.close(_socket);
        _socket = -1;
        _connection.Close();
    }

    /// <summary>As a reader that is killed.</summary>
    public void Vanish()
    {
        _ = Libc.close(_socket);
        _socket = -1;
    }

    private void Say(byte[] octets)
    {
        fixed (byte* start = octets)
            _ = Libc.send(_socket, start, (nuint)octets.Length, 0);
    }
}

/// <summary>A pcapng file, read by the letter of draft-ietf-opsawg-pcapng.</summary>
internal sealed class CapturedBlocks
{
    public List<string> Interfaces { get; } = [];

    public List<(int Interface, uint Direction, byte[] Kept, int Length)> Packets { get; } = [];

    /// <summary>Of each interface that has statistics: frames seen, frames dropped.</summary>
    public Dictionary<int, (ulong Seen, ulong Dropped)> Statistics { get; } = [];

    public static CapturedBlocks Parse(ReadOnlySpan<byte> octets)
    {
        CapturedBlocks blocks = new();
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(octets), Is.EqualTo(0x0a0d0d0a), "a section header comes first");
        while (octets.Length >= 12)
        {
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(octets);
            int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(octets[4..]);
            if (octets.Length < length)
                break;
            Assert.That(length % 4, Is.Zero);
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(octets[(length - 4)..]), Is.EqualTo(length), "both lengths agree");
            blocks.Take(type, octets[8..(length - 4)]);
            octets = octets[length..];
        }
        return blocks;
    }

    private void Take(uint type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case 1:
                Interfaces.Add(System.Text.Encoding.UTF8.GetString(Option(body[8..], 2)));
                break;
            case 5:
                Statistics.Add(
                    BinaryPrimitives.ReadInt32LittleEndian(body),
                    (BinaryPrimitives.ReadUInt64LittleEndian(Option(body[12..], 4)), BinaryPrimitives.ReadUInt64LittleEndian(Option(body[12..], 7))));
                break;
            case 6:
                int id = BinaryPrimitives.ReadInt32LittleEndian(body);
                Assert.That(id, Is.LessThan(Interfaces.Count), "an interface is described before its first packet");
                int kept = BinaryPrimitives.ReadInt32LittleEndian(body[12..]);
                uint flags = BinaryPrimitives.ReadUInt32LittleEndian(Option(body[(20 + ((kept + 3) & ~3))..], 2));
                Packets.Add((id, flags & 3, body.Slice(20, kept).ToArray(), BinaryPrimitives.ReadInt32LittleEndian(body[16..])));
                break;
        }
    }

    private static ReadOnlySpan<byte> Option(ReadOnlySpan<byte> options, int code)
    {
        while (options.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(options[2..]);
            if (BinaryPrimitives.ReadUInt16LittleEndian(options) == code)
                return options.Slice(4, length);
            options = options[(4 + ((length + 3) & ~3))..];
        }
        throw new AssertionException($"no option {code}");
    }
}
