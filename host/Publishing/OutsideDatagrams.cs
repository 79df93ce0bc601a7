using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>The two ends of a datagram outside.</summary>
/// <param name="Peer">Who is there.</param>
/// <param name="Local">
/// The machine's address that it was sent to, from which the answer has to come; null where the socket has only one.
/// </param>
internal readonly record struct OutsidePath(InternetAddress Peer, IpAddress? Local);

/// <summary>recvmsg(2) and sendmsg(2) on a UDP socket, with the machine's own address where it has several (ip(7), ipv6(7)).</summary>
internal static unsafe class OutsideDatagrams
{
    private const int ControlCapacity = 64;
    private const int SpecifiedDestinationOffset = 4; // struct in_pktinfo: ipi_ifindex, ipi_spec_dst, ipi_addr
    private const int InfoLengthV4 = 12;
    private const int InfoLengthV6 = 20; // struct in6_pktinfo: ipi6_addr, ipi6_ifindex

    private static readonly int ControlDataOffset = sizeof(ControlHeader);

    /// <summary>Asks the kernel to tell for each datagram which of the machine's addresses it was sent to.</summary>
    public static void TellDestinations(int descriptor, bool isV6) => OutsideSocket.Enable(
        descriptor,
        isV6 ? OptionNumbers.IpProtoIpv6 : OptionNumbers.IpProtoIp,
        isV6 ? OptionNumbers.Ipv6RecvPktInfo : OptionNumbers.IpPktInfo);

    /// <summary>Takes a datagram without waiting.</summary>
    /// <returns>None, EAGAIN, or another error of recvmsg(2).</returns>
    public static Errno TryReceive(int descriptor, Span<byte> buffer, out int length, out OutsidePath path)
    {
        byte* name = stackalloc byte[InternetAddress.Capacity];
        byte* control = stackalloc byte[ControlCapacity];
        nint result;
        MessageHeader message = new() { Name = name, VectorCount = 1, Control = control };
        fixed (byte* start = buffer)
        {
            IoVector vector = new() { Base = start, Length = (nuint)buffer.Length };
            message.Vectors = &vector;
            message.NameLength = InternetAddress.Capacity;
            message.ControlLength = ControlCapacity;
            result = Libc.recvmsg(descriptor, &message, Constants.MsgDontwait);
        }
        length = (int)Math.Max(0, result);
        path = default;
        if (result < 0)
            return (Errno)Marshal.GetLastPInvokeError();
        ReadOnlySpan<byte> peerOctets = new(name, (int)Math.Min(message.NameLength, InternetAddress.Capacity));
        if (!InternetAddress.TryRead(peerOctets, out InternetAddress peer))
            return Errno.EAFNOSUPPORT;
        path = new OutsidePath(peer, ReadLocal(new ReadOnlySpan<byte>(control, (int)message.ControlLength)));
        return Errno.None;
    }

    /// <summary>Sends a datagram without waiting.</summary>
    /// <returns>None, or the error of sendmsg(2).</returns>
    public static Errno Send(int descriptor, ReadOnlySpan<byte> payload, in OutsidePath path)
    {
        byte* name = stackalloc byte[InternetAddress.Capacity];
        byte* control = stackalloc byte[ControlCapacity];
        MessageHeader message = new() { Name = name, VectorCount = 1 };
        message.NameLength = path.Peer.Write(new Span<byte>(name, InternetAddress.Capacity));
        if (path.Local is { } local)
        {
            message.Control = control;
            message.ControlLength = WriteLocal(new Span<byte>(control, ControlCapacity), local);
        }
        fixed (byte* start = payload)
        {
            IoVector vector = new() { Base = start, Length = (nuint)payload.Length };
            message.Vectors = &vector;
            nint sent = Libc.sendmsg(descriptor, &message, Constants.MsgDontwait | Constants.MsgNosignal);
            return sent >= 0 ? Errno.None : (Errno)Marshal.GetLastPInvokeError();
        }
    }

    private static IpAddress? ReadLocal(ReadOnlySpan<byte> control)
    {
        if (control.Length < ControlDataOffset)
            return null;
        ControlHeader header = MemoryMarshal.Read<ControlHeader>(control);
        ReadOnlySpan<byte> data = control[ControlDataOffset..];
        return (header.Level, header.Type) switch
        {
            (OptionNumbers.IpProtoIp, OptionNumbers.IpPktInfo) when data.Length >= InfoLengthV4 =>
                IpAddress.Read(data.Slice(SpecifiedDestinationOffset, IpAddress.LengthV4)),
            (OptionNumbers.IpProtoIpv6, OptionNumbers.Ipv6PktInfo) when data.Length >= InfoLengthV6 =>
                IpAddress.Read(data[..IpAddress.LengthV6]),
            _ => null,
        };
    }

    /// <summary>Leaves the interface to the kernel, which knows the way to the peer.</summary>
    private static nuint WriteLocal(Span<byte> control, IpAddress local)
    {
        control.Clear();
        Span<byte> data = control[ControlDataOffset..];
        int length = local.IsV4 ? InfoLengthV4 : InfoLengthV6;
        if (local.IsV4)
            local.WriteV4(data[SpecifiedDestinationOffset..]);
        else
            local.WriteV6(data);
        ControlHeader header = new()
        {
            Length = (nuint)(ControlDataOffset + length),
            Level = local.IsV4 ? OptionNumbers.IpProtoIp : OptionNumbers.IpProtoIpv6,
            Type = local.IsV4 ? OptionNumbers.IpPktInfo : OptionNumbers.Ipv6PktInfo,
        };
        MemoryMarshal.Write(control, in header);
        const int alignment = sizeof(ulong); // CMSG_SPACE
        return (nuint)(ControlDataOffset + ((length + alignment - 1) / alignment * alignment));
    }
}
