using Pyco.Host.Protocol;
using Pyco.Posix;

namespace Pyco.Host.Bridge;

/// <summary>
/// The host's side of a <see cref="ReceiveRing"/>: it writes records. The program can write to all of the memory, so nothing
/// that is read from it is believed: what is absurd counts as a full ring.
/// </summary>
internal sealed unsafe class ReceiveRingWriter : IDisposable
{
    /// <summary>
    /// An empty ring begins again at its begin when so much has been used: a program that keeps up gets all through the
    /// processor's cache, however large the ring is. More than the longest record, so that what is left out by it and that
    /// record together fit into the ring.
    /// </summary>
    private const int FewOctets = 1 << 17;

    private readonly SharedMemory _memory;
    private readonly ReceiveRingHeader* _header;
    private readonly byte* _data;
    private nuint _tail;

    private ReceiveRingWriter(SharedMemory memory, int number, nuint begin, ulong cookie)
    {
        _memory = memory;
        _header = (ReceiveRingHeader*)memory.Start;
        _data = memory.Start + ReceiveRing.HeaderOctets;
        Number = number;
        _tail = begin;
        _header->Cookie = cookie;
        _header->Head = begin;
        _header->Tail = begin;
    }

    /// <summary>From 1.</summary>
    public int Number { get; }

    public int Descriptor => _memory.Descriptor;

    /// <summary>The octets written in all, those that are not shown yet included.</summary>
    public nuint Tail => _tail;

    public nuint Head => _header->Head;

    /// <summary>True when all that was written has been read.</summary>
    public bool IsEmpty => Head == _tail;

    /// <summary>Makes one.</summary>
    /// <param name="number">The number by which programs know it.</param>
    /// <param name="begin">Where tail and head begin: far from where an older ring of this number has ended.</param>
    /// <param name="cookie">The program's socket's.</param>
    /// <returns>Null if there is no descriptor or no memory left.</returns>
    public static ReceiveRingWriter? TryCreate(int number, nuint begin, ulong cookie) =>
        SharedMemory.TryCreate("pyco-ring", ReceiveRing.WholeOctets) is { } memory
            ? new ReceiveRingWriter(memory, number, begin, cookie)
            : null;

    /// <summary>Writes a record, which <see cref="Show"/> will make visible; false if there is no room.</summary>
    public bool TryWrite(in DatagramHeader header, ReadOnlySpan<byte> payload)
    {
        nuint length = ReceiveRing.RecordOctets((nuint)payload.Length);
        nuint at = _tail % ReceiveRing.DataOctets;
        nuint rest = ReceiveRing.DataOctets - at;
        nuint used = _tail - Head;
        nuint skipped = length > rest || (used == 0 && at >= FewOctets) ? rest : 0;
        if (used > ReceiveRing.DataOctets || skipped + length > ReceiveRing.DataOctets - used)
            return false;
        if (skipped != 0)
        {
            *(uint*)(_data + at) = ReceiveRing.WrapMark;
            at = 0;
        }
        ReceiveRecord* record = (ReceiveRecord*)(_data + at);
        record->Length = (uint)payload.Length;
        record->Header = header;
        payload.CopyTo(new Span<byte>(record + 1, payload.Length));
        _tail += skipped + length;
        return true;
    }

    /// <summary>Lets the program see what was written.</summary>
    public void Show() => _header->Tail = _tail;

    /// <summary>Asks to be told when half of the ring is free.</summary>
    public void AskForRoom() => _header->IsFull = 1;

    /// <summary>Says that one doorbell more than usual is in the queue.</summary>
    public void NoteSpareBell() => _header->HasSpareBells = 1;

    /// <summary>Takes the duty to ring; false if somebody else has it or has done it.</summary>
    public bool TakeBell() => Interlocked.Exchange(ref _header->HasBell, 1) == 0;

    /// <summary>Says that no doorbell is there.</summary>
    public void ReturnBell() => Interlocked.Exchange(ref _header->HasBell, 0);

    /// <summary>Ends it for all who have it mapped, and gives its memory back.</summary>
    public void Dispose()
    {
        _header->IsClosed = 1;
        _memory.Discard(from: ReceiveRing.HeaderOctets);
        _memory.Dispose();
    }
}
