using System.Buffers.Binary;
using System.Text;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host;

/// <summary>
/// The MAC address of a host that was given none: the same for the same network and address, so that neighbours' tables
/// stay right when a program is started again, and leases and traces can be recognised.
/// </summary>
public static class DefaultMac
{
    private const ulong OffsetBasis = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3;

    /// <summary>The universal/local bit of the first octet (IEEE 802 §8.4.4): set means chosen here.</summary>
    private const byte LocallyAdministered = 0x02;

    /// <summary>The individual/group bit of the first octet.</summary>
    private const byte Group = 0x01;

    /// <remarks>
    /// 46 bits of an FNV-1a hash. It needs no cryptography: who is on the wire can take any MAC address anyway, and the
    /// platform's hash functions would load a library that costs more time than all of our start.
    /// </remarks>
    public static MacAddress For(VnlLocator network, IpAddress address)
    {
        ulong hash = OffsetBasis;
        foreach (byte octet in Encoding.UTF8.GetBytes($"{network.Path}\n{address}"))
            hash = unchecked((hash ^ octet) * Prime);
        // FNV's upper bits see little of the last characters, which is where addresses differ.
        hash = unchecked((hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15);
        Span<byte> octets = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(octets, hash);
        octets[0] = (byte)((octets[0] | LocallyAdministered) & ~Group);
        return new MacAddress(octets[..MacAddress.Length]);
    }
}
