using System.Buffers.Binary;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Connection requests that need no memory (RFC 4987 §3.6): the ISS of the SYN-ACK holds what the listener must
/// remember, under a keyed hash, and comes back in the ACK. The layout is Linux's (net/ipv4/syncookies.c): eight bits of
/// a minute counter above 24 bits of hash plus MSS index, all shifted by the peer's sequence number and a second hash.
/// </summary>
internal sealed class SynCookies(Entropy entropy)
{
    /// <summary>Minutes after which a cookie is no longer good.</summary>
    private const uint MaxAge = 2;

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(MaxAge);

    private const uint DataMask = 0xffffff;

    private const int TupleLength = (2 * IpAddress.LengthV6) + 4 + 4;

    // What TSval's low bits carry while cookies are in use: the peer's window scale, or this value for none …
    private const uint NoWindowScale = 0xf;
    private const uint SackPermittedBit = 1 << 4;
    private const uint EcnBit = 1 << 5;
    private const uint OptionsMask = 0x3f;

    private readonly SipHash _place = SipHash.WithRandomKey(entropy);
    private readonly SipHash _data = SipHash.WithRandomKey(entropy);

    /// <summary>The sizes that a cookie can tell: what links commonly give. The greatest not above the peer's is taken.</summary>
    private static ReadOnlySpan<ushort> MssTable => [536, 1220, 1300, 1400, 1440, 1460, 4312, 8960];

    /// <summary>The ISS to answer a SYN with.</summary>
    public SequenceNumber Make(in IpEndpoint local, in IpEndpoint remote, SequenceNumber irs, ushort mss, Instant now)
    {
        int index = MssTable.Length - 1;
        while (index > 0 && MssTable[index] > mss)
            index--;
        uint minute = Minute(now);
        uint hidden = unchecked(Hash(_data, local, remote, minute) + (uint)index) & DataMask;
        return new(unchecked(Hash(_place, local, remote, 0) + irs.Value + (minute << 24) + hidden));
    }

    /// <summary>Looks whether an ACK to a listener brings a cookie back.</summary>
    /// <param name="local">Our end.</param>
    /// <param name="remote">The peer's end.</param>
    /// <param name="iss">SEG.ACK - 1: the cookie.</param>
    /// <param name="irs">SEG.SEQ - 1: the peer's initial sequence number.</param>
    /// <param name="now">The moment; a cookie is good for one to two minutes.</param>
    /// <param name="mss">The peer's MSS, rounded down.</param>
    public bool TryCheck(
        in IpEndpoint local, in IpEndpoint remote, SequenceNumber iss, SequenceNumber irs, Instant now, out ushort mss)
    {
        mss = 0;
        uint cookie = unchecked(iss.Value - Hash(_place, local, remote, 0) - irs.Value);
        uint minute = Minute(now);
        uint age = unchecked(minute - (cookie >> 24)) & 0xff;
        if (age >= MaxAge)
            return false;
        uint index = unchecked(cookie - Hash(_data, local, remote, unchecked(minute - age))) & DataMask;
        if (index >= MssTable.Length)
            return false;
        mss = MssTable[(int)index];
        return true;
    }

    /// <summary>Hides the SYN's options in the low bits of the SYN-ACK's TSval, which does not become later by it.</summary>
    public static uint EncodeOptions(uint timestamp, byte? windowScale, bool sackPermitted, bool ecn)
    {
        uint bits = (windowScale ?? NoWindowScale) | (sackPermitted ? SackPermittedBit : 0) | (ecn ? EcnBit : 0);
        uint encoded = (timestamp & ~OptionsMask) | bits;
        return unchecked(encoded > timestamp ? encoded - (OptionsMask + 1) : encoded);
    }

    /// <summary>Reads from the echoed timestamp what <see cref="EncodeOptions"/> put there.</summary>
    public static void DecodeOptions(uint echo, out byte? windowScale, out bool sackPermitted, out bool ecn)
    {
        uint scale = echo & NoWindowScale;
        windowScale = scale > TcpOptions.MaxWindowScale ? null : (byte)scale;
        sackPermitted = (echo & SackPermittedBit) != 0;
        ecn = (echo & EcnBit) != 0;
    }

    private static uint Minute(Instant now) => unchecked((uint)(now.Ticks / TimeSpan.TicksPerMinute));

    private static uint Hash(in SipHash hash, in IpEndpoint local, in IpEndpoint remote, uint minute)
    {
        Span<byte> octets = stackalloc byte[TupleLength];
        local.Address.WriteV6(octets);
        remote.Address.WriteV6(octets[IpAddress.LengthV6..]);
        Span<byte> rest = octets[(2 * IpAddress.LengthV6)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], remote.Port);
        BinaryPrimitives.WriteUInt32BigEndian(rest[4..], minute);
        return unchecked((uint)hash.Hash(octets));
    }
}
