using Pyco.Host.Protocol;

namespace Pyco.Shim;

/// <summary>
/// The program's side of a <see cref="ReceiveRing"/>: any thread, process or signal handler takes records, and a compare-and-exchange
/// decides whose each one is. No number in the memory leads outside of it.
/// </summary>
internal static unsafe class ReceiveRingReader
{
    /// <summary>Taking has to be tried again when others were faster; so often only when the memory makes no sense.</summary>
    private const int Tries = 1_000_000;

    internal static bool IsEmpty(ReceiveRingHeader* ring) => ring->Head == ring->Tail;

    internal static bool HasHalfFree(ReceiveRingHeader* ring) => ring->Tail - ring->Head <= ReceiveRing.DataOctets / 2;

    /// <summary>Copies the oldest datagram out, and takes it unless it is only looked at.</summary>
    /// <returns>The length of its payload, of which no more is copied than there is room for; -1 if there is none.</returns>
    internal static nint Take(ReceiveRingHeader* ring, DatagramHeader* header, MessageHeader* message, bool isLook)
    {
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            nuint head = ring->Head;
            if (head == ring->Tail)
                return -1;
            ReceiveRecord* record = Find(ring, head, out uint length, out nuint next);
            if (record != null)
            {
                *header = record->Header;
                CopyIn(message, (byte*)(record + 1), length);
            }

            if (record == null)
                next = ring->Tail; // nonsense: what is in the ring is lost, to those who wrote it
            bool isOurs = isLook && record != null
                ? ring->Head == head
                : Interlocked.CompareExchange(ref ring->Head, next, head) == head;
            if (isOurs)
                return record == null ? -1 : (nint)length;
        }

        return -1;
    }

    /// <summary>Takes the oldest record if it is an error and no datagram.</summary>
    internal static bool TryTakeError(ReceiveRingHeader* ring)
    {
        nuint head = ring->Head;
        if (head == ring->Tail)
            return false;
        ReceiveRecord* record = Find(ring, head, out _, out nuint next);
        return record != null && record->Header.Error > 0 && Interlocked.CompareExchange(ref ring->Head, next, head) == head;
    }

    private static ReceiveRecord* Find(ReceiveRingHeader* ring, nuint head, out uint length, out nuint next)
    {
        byte* data = (byte*)ring + ReceiveRing.HeaderOctets;
        nuint at = head % ReceiveRing.DataOctets & ~(nuint)(ReceiveRing.Alignment - 1);
        length = *(uint*)(data + at);
        next = head;
        if (length == ReceiveRing.WrapMark)
        {
            next += ReceiveRing.DataOctets - at;
            at = 0;
            length = *(uint*)data;
        }

        nuint whole = ReceiveRing.RecordOctets(length);
        next += whole;
        return whole <= ReceiveRing.DataOctets - at ? (ReceiveRecord*)(data + at) : null;
    }

    private static void CopyIn(MessageHeader* message, byte* from, nuint length)
    {
        for (nuint i = 0; i < message->VectorCount && length > 0; i++)
        {
            IoVector* vector = message->Vectors + i;
            nuint part = length < vector->Length ? length : vector->Length;
            Memory.CopyMany(vector->Base, from, part);
            from += part;
            length -= part;
        }
    }
}
