using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// The host's side of a <see cref="SendRing"/>: it takes messages. Programs can write to all of the memory at any time, so
/// nothing that is read from it is believed or read twice: a ring that makes no sense is empty.
/// </summary>
internal sealed unsafe class SendRingReader : PolledSource, IDisposable
{
    private readonly SharedMemory _memory;
    private readonly SendRingHeader* _header;
    private readonly byte* _data;
    private readonly DatagramSocket _socket;
    private nuint _head;
    private int _arms;

    private SendRingReader(SharedMemory memory, DatagramSocket socket)
    {
        _memory = memory;
        _header = (SendRingHeader*)memory.Start;
        _data = memory.Start + SendRing.HeaderOctets;
        _socket = socket;
    }

    /// <summary>The memory's, for those who map it.</summary>
    public int Descriptor => _memory.Descriptor;

    public override bool IsReady => Tail != _head;

    /// <summary>In whole steps, as the head is: an odd one would never be reached.</summary>
    private nuint Tail => SendRing.RoundDown(_header->Tail);

    /// <summary>Makes one.</summary>
    /// <returns>Null if there is no descriptor or no memory left.</returns>
    public static SendRingReader? TryCreate(DatagramSocket socket) =>
        SharedMemory.TryCreate("pyco-send-ring", SendRing.WholeOctets) is { } memory ? new SendRingReader(memory, socket) : null;

    public override bool TryArm()
    {
        _arms = _arms == int.MaxValue ? 1 : _arms + 1;
        _ = Interlocked.Exchange(ref _header->WantsBell, _arms);
        if (!IsReady)
            return true;
        _header->WantsBell = 0;
        return false;
    }

    public override void OnReady(Instant now) => _socket.OnSent(now);

    /// <summary>Copies the oldest message out and takes it.</summary>
    /// <param name="buffer">Room for <see cref="SendRing.LongestMessage"/>.</param>
    /// <param name="length">Of the message.</param>
    /// <returns>False if there is none.</returns>
    public bool TryTake(Span<byte> buffer, out int length)
    {
        length = 0;
        nuint tail = Tail;
        if (tail == _head)
            return false;
        nuint at = _head % SendRing.DataOctets;
        uint octets = Volatile.Read(ref *(uint*)(_data + at));
        nuint next = _head;
        if (octets == SendRing.WrapMark)
        {
            next += SendRing.DataOctets - at;
            at = 0;
            octets = Volatile.Read(ref *(uint*)_data);
        }
        nuint room = SendRing.DataOctets - at;
        nuint whole = SendRing.RecordOctets(octets);
        if (octets > SendRing.LongestMessage || whole > room || tail - next < whole || tail - next > SendRing.DataOctets)
        {
            MoveHead(tail); // nonsense: what is in the ring is lost, to those who wrote it
            return false;
        }
        length = (int)octets;
        new ReadOnlySpan<byte>(_data + at + sizeof(SendRecord), length).CopyTo(buffer);
        MoveHead(next + whole);
        return true;
    }

    /// <summary>A message that made a detour has been read.</summary>
    public void NoteDetour() => _header->DetoursTaken++;

    /// <summary>Ends it for all who have it mapped, and gives its memory back.</summary>
    public void Dispose()
    {
        _header->IsClosed = 1;
        _memory.Discard(from: SendRing.HeaderOctets);
        _memory.Dispose();
    }

    private void MoveHead(nuint head)
    {
        _head = head;
        _header->Head = head;
    }
}
