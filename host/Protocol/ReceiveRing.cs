using System.Runtime.InteropServices;

namespace Pyco.Host.Protocol;

/// <summary>
/// The shared memory through which a busy UDP socket gets its datagrams: one page of <see cref="ReceiveRingHeader"/>, then a ring of
/// records, each a <see cref="ReceiveRecord"/> and a payload. <c>docs/decisions/0020-busy-udp-sockets-receive-through-a-ring.md</c> tells the story.
/// </summary>
/// <remarks>
/// <para>Tail and head count octets and never wrap; a record stands at its count modulo <see cref="DataOctets"/>, in one piece.
/// Where the rest of the data does not hold one, <see cref="WrapMark"/> stands for its length and the record is at the begin.</para>
/// <para><see cref="ReceiveRingHeader.HasBell"/> is 1 while a doorbell is in the kernel socket's queue or somebody is about to put one
/// there. Who takes a doorbell out sets it to 0 and looks again.</para>
/// </remarks>
internal static class ReceiveRing
{
    public const int HeaderOctets = 4096;
    public const int DataOctets = 1 << 20;
    public const int WholeOctets = HeaderOctets + DataOctets;

    /// <summary>Records begin at multiples of it, so there is always room for a <see cref="WrapMark"/>.</summary>
    public const int Alignment = 8;

    public const uint WrapMark = uint.MaxValue;

    /// <summary>How many rings a host has at once: their numbers, from 1, fit into <see cref="SocketState.ReceiveRingNumber"/>.</summary>
    public const int MostRings = 15;

    /// <summary>The octets that a payload takes with its <see cref="ReceiveRecord"/>.</summary>
    public static unsafe nuint RecordOctets(nuint payload) =>
        ((nuint)sizeof(ReceiveRecord) + payload + Alignment - 1) & ~(nuint)(Alignment - 1);
}

/// <summary>The first page of the memory. Each word that one side writes often has a cache line of its own.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct ReceiveRingHeader
{
    /// <summary>How far the host has written: only the host writes it.</summary>
    [FieldOffset(0)]
    public volatile nuint Tail;

    /// <summary>How far programs have read; they agree on it by compare-and-exchange.</summary>
    [FieldOffset(64)]
    public volatile nuint Head;

    /// <summary>See <see cref="ReceiveRing"/>.</summary>
    [FieldOffset(128)]
    public volatile int HasBell;

    /// <summary>Set by the host when something has found no room. Who has made room sets it to 0 and tells the host.</summary>
    [FieldOffset(132)]
    public volatile int IsFull;

    /// <summary>Set by who meets the first doorbell: all that was sent before the ring has been read.</summary>
    [FieldOffset(192)]
    public volatile int IsLive;

    /// <summary>The socket is gone; its number may be another ring's.</summary>
    [FieldOffset(196)]
    public volatile int IsClosed;

    /// <summary>
    /// The socket's, as SO_COOKIE tells it: a process that got a socket of another host must not take its number for one of
    /// its own host's rings.
    /// </summary>
    [FieldOffset(200)]
    public ulong Cookie;

    /// <summary>How many wait for a doorbell, of whom one message wakes one; too many where one was killed.</summary>
    [FieldOffset(256)]
    public int Sleepers;

    /// <summary>Somebody has asked the host to wake another one, and nobody has woken up since.</summary>
    [FieldOffset(260)]
    public volatile int IsWaking;

    /// <summary>There may be more than one doorbell in the queue.</summary>
    [FieldOffset(264)]
    public volatile int HasSpareBells;
}

/// <summary>What stands before a payload in the ring. 64 octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct ReceiveRecord
{
    /// <summary>Of the payload.</summary>
    public uint Length;

    public uint Reserved;

    /// <summary>As before a datagram that comes through the kernel socket; the mark is left out.</summary>
    public DatagramHeader Header;
}

/// <summary>What <see cref="DatagramHeader.Error"/> says from host to program, beside an errno.</summary>
internal static class ReceiveSignal
{
    /// <summary>A doorbell: there is something in the ring. LocalOctets begins with the tail that it announces.</summary>
    public const int Bell = -1;
}
