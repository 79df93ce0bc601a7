using Pyco.Host.Protocol;

namespace Pyco.Shim;

/// <summary>
/// The programs' side of a <see cref="SendRing"/>: any thread, process or signal handler writes messages, one at a time. No number
/// in the memory leads outside of it, and nobody waits for somebody who was stopped in the middle.
/// </summary>
internal static unsafe class SendRingWriter
{
    /// <summary>Longer than it takes another thread that runs to write a message.</summary>
    private const int LockAttempts = 200;

    /// <summary>Writes a message, if there is room and nothing before it makes a detour.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="message">The payload.</param>
    /// <param name="header">What goes before the payload, or null.</param>
    /// <param name="payload">Its length in octets.</param>
    internal static bool TryWrite(SendRingHeader* ring, MessageHeader* message, DatagramHeader* header, nuint payload)
    {
        if (!TryLock(ref ring->Lock))
            return false;
        bool isWritten = ring->DetoursTaken == ring->DetoursSent && WriteRecord(ring, message, header, payload);
        Release(ref ring->Lock);
        return isWritten;
    }

    /// <summary>A message will go through the kernel socket; what follows it waits until the host has read it.</summary>
    internal static void AnnounceDetour(SendRingHeader* ring) => _ = Interlocked.Add(ref ring->DetoursSent, 1);

    /// <summary>A message that was announced has not been sent.</summary>
    internal static void TakeDetourBack(SendRingHeader* ring) => _ = Interlocked.Add(ref ring->DetoursSent, -1);

    /// <summary>Tries for a moment.</summary>
    internal static bool TryLock(ref int @lock)
    {
        for (int attempt = 0; attempt < LockAttempts; attempt++)
        {
            if (Interlocked.CompareExchange(ref @lock, 1, 0) == 0)
                return true;
        }

        return false;
    }

    internal static void Release(ref int @lock) => _ = Interlocked.Exchange(ref @lock, 0);

    private static bool WriteRecord(SendRingHeader* ring, MessageHeader* message, DatagramHeader* header, nuint payload)
    {
        nuint length = payload + (header == null ? 0 : (nuint)sizeof(DatagramHeader));
        if (length > SendRing.LongestMessage)
            return false;
        nuint whole = SendRing.RecordOctets(length);
        nuint tail = SendRing.RoundDown(ring->Tail);
        nuint at = tail % SendRing.DataOctets;
        nuint rest = SendRing.DataOctets - at;
        nuint skipped = whole > rest ? rest : 0;
        nuint used = tail - ring->Head;
        if (used > SendRing.DataOctets || skipped + whole > SendRing.DataOctets - used)
            return false;
        byte* data = (byte*)ring + SendRing.HeaderOctets;
        if (skipped != 0)
        {
            *(uint*)(data + at) = SendRing.WrapMark;
            at = 0;
        }

        ((SendRecord*)(data + at))->Length = (uint)length;
        byte* to = data + at + sizeof(SendRecord);
        if (header != null)
        {
            *(DatagramHeader*)to = *header;
            to += sizeof(DatagramHeader);
        }

        CopyPayload(message, to, payload);
        ring->Tail = tail + skipped + whole;
        return true;
    }

    private static void CopyPayload(MessageHeader* message, byte* to, nuint left)
    {
        for (nuint i = 0; i < message->VectorCount && left > 0; i++)
        {
            nuint part = message->Vectors[i].Length;
            if (part > left)
                part = left; // the program has changed its array meanwhile
            Memory.CopyMany(to, message->Vectors[i].Base, part);
            to += part;
            left -= part;
        }
    }
}
