using System.Buffers.Binary;
using System.Text;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>What the server answers, and where to.</summary>
/// <param name="Request">The client's message.</param>
/// <param name="Type">OFFER, ACK or NAK.</param>
internal sealed record DhcpReply(DhcpMessage Request, DhcpMessageType Type)
{
    /// <summary>BOOTP's least (RFC 1542 §2.1), for clients that expect it.</summary>
    private const int ShortestLength = 300;

    private const byte BootReply = 2;
    private const ushort BroadcastFlag = 0x8000;

    /// <summary>yiaddr: the address for the client, or null.</summary>
    public IpAddress? Address { get; init; }

    /// <summary>How long it may keep the address, or null where none is given.</summary>
    public TimeSpan? LeaseTime { get; init; }

    /// <summary>Why not, for people.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// Where to send it (RFC 2131 §4.1): to a client that has its address there, to others to all, for they could not
    /// answer ARP.
    /// </summary>
    public IpAddress Destination => Type != DhcpMessageType.Refuse && !Request.ClientAddress.IsAny
        ? Request.ClientAddress
        : IpAddress.BroadcastV4;

    /// <summary>Writes the message.</summary>
    /// <param name="settings">What clients are told of the network.</param>
    /// <param name="nameServer">Where names are asked for, or null.</param>
    public byte[] Write(DhcpSettings settings, IpAddress? nameServer)
    {
        byte[] octets = new byte[DhcpMessage.FixedLength];
        octets[0] = BootReply;
        octets[1] = Request.HardwareType;
        octets[2] = (byte)Request.HardwareAddress.Length;
        BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(4), Request.TransactionId);
        ushort flags = Type == DhcpMessageType.Refuse ? (ushort)(Request.Flags | BroadcastFlag) : Request.Flags;
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(10), flags);
        if (Type == DhcpMessageType.Acknowledge)
            Request.ClientAddress.WriteV4(octets.AsSpan(12));
        Address?.WriteV4(octets.AsSpan(16));
        Request.HardwareAddress.CopyTo(octets, 28);
        BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(236), DhcpMessage.MagicCookie);
        List<byte> message = [.. octets];
        AddOptions(message, settings, nameServer);
        message.Add(DhcpOption.End);
        while (message.Count < ShortestLength)
            message.Add(DhcpOption.Pad);
        return [.. message];
    }

    private void AddOptions(List<byte> message, DhcpSettings settings, IpAddress? nameServer)
    {
        Add(message, DhcpOption.MessageType, [(byte)Type]);
        Add(message, DhcpOption.ServerIdentifier, settings.Server);
        if (Request.ClientIdentifier is { } identifier)
            Add(message, DhcpOption.ClientIdentifier, identifier); // RFC 6842
        if (Reason is { } reason)
            Add(message, DhcpOption.Message, Encoding.ASCII.GetBytes(reason));
        if (Type == DhcpMessageType.Refuse)
            return;
        if (LeaseTime is { } lease)
        {
            Add(message, DhcpOption.LeaseTime, lease);
            Add(message, DhcpOption.RenewalTime, lease / 2); // RFC 2131 §4.4.5
            Add(message, DhcpOption.RebindingTime, lease * 7 / 8);
        }
        Add(message, DhcpOption.SubnetMask, IpAddress.FromV4(settings.Subnet.Length == 0 ? 0 : uint.MaxValue << (32 - settings.Subnet.Length)));
        if (settings.Subnet.DirectedBroadcast is { } broadcast)
            Add(message, DhcpOption.BroadcastAddress, broadcast);
        Add(message, DhcpOption.Router, settings.Server);
        if (nameServer is { } server)
            Add(message, DhcpOption.DomainNameServer, server);
        Add(message, DhcpOption.InterfaceMtu, [(byte)(settings.Mtu >> 8), (byte)settings.Mtu]);
    }

    private static void Add(List<byte> message, byte option, IpAddress address)
    {
        byte[] octets = new byte[IpAddress.LengthV4];
        address.WriteV4(octets);
        Add(message, option, octets);
    }

    private static void Add(List<byte> message, byte option, TimeSpan time)
    {
        byte[] octets = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(octets, (uint)time.TotalSeconds);
        Add(message, option, octets);
    }

    private static void Add(List<byte> message, byte option, byte[] content)
    {
        message.Add(option);
        message.Add((byte)content.Length);
        message.AddRange(content);
    }
}
