using System.Runtime.InteropServices;

namespace Pyco.Host.Protocol;

/// <summary>
/// The shared memory through which a busy UDP socket sends: one page of <see cref="SendRingHeader"/>, then a ring of records, each a
/// <see cref="SendRecord"/> and a message as the kernel socket would carry it.
/// <c>docs/decisions/0016-busy-udp-sockets-send-through-a-ring.md</c> tells the story.
/// </summary>
/// <remarks>
/// Tail and head count octets and never wrap; a record stands at its count modulo <see cref="DataOctets"/>, in one piece. Where the
/// rest of the data does not hold one, <see cref="WrapMark"/> stands for its length and the record is at the begin.
/// </remarks>
internal static class SendRing
{
    public const int HeaderOctets = 4096;
    public const int DataOctets = 1 << 18;
    public const int WholeOctets = HeaderOctets + DataOctets;

    /// <summary>Records begin at multiples of it, so there is always room for a <see cref="WrapMark"/>.</summary>
    public const int Alignment = 8;

    /// <summary>Larger messages go through the kernel socket: there the copying costs, not the call.</summary>
    public const int LongestMessage = 4096;

    public const uint WrapMark = uint.MaxValue;

    /// <summary>Who comes later gets none: each takes a descriptor and memory, for whatever a program may open.</summary>
    public const int MostOfHost = 64;

    /// <summary>A count of octets as a multiple of <see cref="Alignment"/>, at most what it was.</summary>
    public static nuint RoundDown(nuint octets) => octets & ~(nuint)(Alignment - 1);

    /// <summary>The octets that a message takes with its <see cref="SendRecord"/>.</summary>
    public static unsafe nuint RecordOctets(nuint message) => RoundDown((nuint)sizeof(SendRecord) + message + Alignment - 1);
}

/// <summary>The first page of the memory. Words that different sides write often have cache lines of their own.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct SendRingHeader
{
    /// <summary>How far programs have written: only who has the <see cref="Lock"/> writes it.</summary>
    [FieldOffset(0)]
    public volatile nuint Tail;

    /// <summary>1 while somebody writes. Nobody waits long for it: who finds it taken uses the kernel socket.</summary>
    [FieldOffset(8)]
    public int Lock;

    /// <summary>How many messages have made a detour through the kernel socket, since the ring was full.</summary>
    [FieldOffset(12)]
    public volatile int DetoursSent;

    /// <summary>How far the host has read: only the host writes it.</summary>
    [FieldOffset(64)]
    public volatile nuint Head;

    /// <summary>How many of <see cref="DetoursSent"/> the host has read. The ring is not used before it has read all, for the order's sake.</summary>
    [FieldOffset(72)]
    public volatile int DetoursTaken;

    /// <summary>
    /// Not 0 while the host sleeps, and another number each time: who has written then rings, and after that sets it to 0 if
    /// it is still the same. Whoever is killed between has others ring once more.
    /// </summary>
    [FieldOffset(128)]
    public volatile int WantsBell;

    /// <summary>The socket is gone.</summary>
    [FieldOffset(132)]
    public volatile int IsClosed;
}

/// <summary>What stands before a message in the ring.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SendRecord
{
    /// <summary>Of the message.</summary>
    public uint Length;

    public uint Reserved;
}

/// <summary>What <see cref="DatagramHeader.Error"/> says from program to host.</summary>
internal static class SendSignal
{
    /// <summary>No message: there is something in the ring.</summary>
    public const int Bell = 1;

    /// <summary>A message that found the ring full or in use. Without a peer in its header it is for the connected one.</summary>
    public const int Detour = 2;

    // No messages either: what is said of the socket's ReceiveRing.

    /// <summary>It is mapped: all that comes from now on goes into it.</summary>
    public const int StartReceiveRing = 3;

    /// <summary>There is something in it, and no doorbell.</summary>
    public const int RingMe = 4;

    /// <summary>There is room in it again.</summary>
    public const int HasRoom = 5;

    /// <summary>There is more in it, and somebody sleeps who could take it.</summary>
    public const int WakeAnother = 6;
}
