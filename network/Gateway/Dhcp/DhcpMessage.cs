using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>DHCP message types (RFC 2132 §9.6).</summary>
internal enum DhcpMessageType : byte
{
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Acknowledge = 5,
    Refuse = 6,
    Release = 7,
    Inform = 8,
}

/// <summary>What a DHCP client has sent (RFC 2131 §2), as far as a server looks at it.</summary>
internal sealed record DhcpMessage
{
    /// <summary>The fields before the options, with the cookie that tells that options follow.</summary>
    public const int FixedLength = 240;

    public const uint MagicCookie = 0x63825363;

    public const byte BootRequest = 1;

    public const int HardwareAddressCapacity = 16;

    private const int OptionsOffset = FixedLength;

    public required DhcpMessageType Type { get; init; }

    /// <summary>htype (RFC 1700); 1 for Ethernet.</summary>
    public byte HardwareType { get; init; }

    public uint TransactionId { get; init; }

    public ushort Flags { get; init; }

    /// <summary>ciaddr: the address that the client has and can be reached at, or 0.0.0.0.</summary>
    public IpAddress ClientAddress { get; init; }

    /// <summary>giaddr: a relay's, or 0.0.0.0.</summary>
    public IpAddress RelayAddress { get; init; }

    /// <summary>chaddr.</summary>
    public required byte[] HardwareAddress { get; init; }

    /// <summary>Option 50: the address that the client would like, or null.</summary>
    public IpAddress? RequestedAddress { get; init; }

    /// <summary>Option 54: the server that the client has chosen, or null.</summary>
    public IpAddress? ServerAddress { get; init; }

    /// <summary>Option 51, or null.</summary>
    public TimeSpan? LeaseTime { get; init; }

    /// <summary>Option 61: what the client wants to be known by, or null for its hardware address.</summary>
    public byte[]? ClientIdentifier { get; init; }

    /// <summary>Option 12, in printable characters, or empty.</summary>
    public string HostName { get; init; } = "";

    /// <summary>What the server knows the client by (RFC 2131 §4.2).</summary>
    public string ClientKey => ClientIdentifier is { } identifier
        ? $"id {Convert.ToHexString(identifier)}"
        : $"{HardwareType} {Convert.ToHexString(HardwareAddress)}";

    /// <summary>Reads a client's message; false if it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, [NotNullWhen(true)] out DhcpMessage? message)
    {
        message = null;
        if (octets.Length < FixedLength || octets[0] != BootRequest ||
            octets[2] is 0 or > HardwareAddressCapacity || BinaryPrimitives.ReadUInt32BigEndian(octets[236..]) != MagicCookie)
            return false;
        Options options = default;
        if (!options.TryRead(octets[OptionsOffset..]) || options.Type is not (>= DhcpMessageType.Discover and <= DhcpMessageType.Inform))
            return false;
        message = new DhcpMessage
        {
            Type = options.Type,
            HardwareType = octets[1],
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(octets[4..]),
            Flags = BinaryPrimitives.ReadUInt16BigEndian(octets[10..]),
            ClientAddress = IpAddress.Read(octets[12..16]),
            RelayAddress = IpAddress.Read(octets[24..28]),
            HardwareAddress = octets.Slice(28, octets[2]).ToArray(),
            RequestedAddress = options.RequestedAddress,
            ServerAddress = options.ServerAddress,
            LeaseTime = options.LeaseTime,
            ClientIdentifier = options.ClientIdentifier,
            HostName = options.HostName ?? "",
        };
        return true;
    }

    /// <summary>The options, as they are met. One that is cut short ends the reading: what stood before it counts.</summary>
    private struct Options
    {
        public DhcpMessageType Type;
        public IpAddress? RequestedAddress;
        public IpAddress? ServerAddress;
        public TimeSpan? LeaseTime;
        public byte[]? ClientIdentifier;
        public string? HostName;

        /// <returns>False if there is no message type.</returns>
        public bool TryRead(ReadOnlySpan<byte> octets)
        {
            while (octets.Length > 0 && octets[0] != DhcpOption.End)
            {
                if (octets[0] == DhcpOption.Pad)
                {
                    octets = octets[1..];
                    continue;
                }
                if (octets.Length < 2 || octets.Length < 2 + octets[1])
                    break;
                Take(octets[0], octets.Slice(2, octets[1]));
                octets = octets[(2 + octets[1])..];
            }
            return Type != 0;
        }

        private void Take(byte option, ReadOnlySpan<byte> content)
        {
            switch (option)
            {
                case DhcpOption.MessageType when content.Length == 1:
                    Type = (DhcpMessageType)content[0];
                    break;
                case DhcpOption.RequestedAddress when content.Length == IpAddress.LengthV4:
                    RequestedAddress = IpAddress.Read(content);
                    break;
                case DhcpOption.ServerIdentifier when content.Length == IpAddress.LengthV4:
                    ServerAddress = IpAddress.Read(content);
                    break;
                case DhcpOption.LeaseTime when content.Length == sizeof(uint):
                    LeaseTime = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32BigEndian(content));
                    break;
                case DhcpOption.ClientIdentifier when content.Length >= 2:
                    ClientIdentifier = content.ToArray();
                    break;
                case DhcpOption.HostName:
                    HostName = string.Concat(content.ToArray().Select(octet => octet is > 32 and < 127 ? (char)octet : '?'));
                    break;
                default:
                    break;
            }
        }
    }
}

/// <summary>Option codes that this server reads or writes (RFC 2132).</summary>
internal static class DhcpOption
{
    public const byte Pad = 0;
    public const byte SubnetMask = 1;
    public const byte Router = 3;
    public const byte DomainNameServer = 6;
    public const byte HostName = 12;
    public const byte InterfaceMtu = 26;
    public const byte BroadcastAddress = 28;
    public const byte RequestedAddress = 50;
    public const byte LeaseTime = 51;
    public const byte MessageType = 53;
    public const byte ServerIdentifier = 54;
    public const byte Message = 56;
    public const byte RenewalTime = 58;
    public const byte RebindingTime = 59;
    public const byte ClientIdentifier = 61;
    public const byte End = 255;
}
