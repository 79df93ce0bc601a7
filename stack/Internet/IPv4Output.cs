using Pyco.Stack.Link;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>Puts IPv4 headers on, cuts packets that are too large (RFC 791 §3.2), and hands them to the link or back.</summary>
internal sealed class IPv4Output(
    EthernetInterface link,
    NeighborCache neighbors,
    AddressClaims claims,
    LoopbackQueue loopback,
    Entropy entropy,
    StackCounters counters)
{
    private readonly Identification _identification = new(entropy);

    public void Send(Frame frame, in Route route, in PacketOptions options, Instant now)
    {
        int totalLength = (options.HasRouterAlert ? IPv4Header.LengthWithRouterAlert : IPv4Header.MinLength) + frame.Length;
        var fields = new IPv4Fields(route.Source, route.Destination, options.Protocol, totalLength)
        {
            TimeToLive = options.TimeToLive,
            TypeOfService = options.TypeOfService,
            HasRouterAlert = options.HasRouterAlert,
        };
        if (route.IsLoopback || totalLength <= route.Mtu || frame.SegmentSize > 0)
        {
            SendWhole(frame, route, fields, options.DontFragment, now);
            return;
        }
        if (options.DontFragment && totalLength > link.Mtu)
        {
            counters.Drop(frame, DropReason.PacketTooBig);
            return;
        }
        if (options.DontFragment)
        {
            // The path's MTU shrank after the transport built the packet: the router that cannot pass it will say so.
            SendWhole(frame, route, fields, dontFragment: true, now);
            return;
        }
        SendFragments(frame, route, fields, now);
    }

    private void SendWhole(Frame frame, in Route route, IPv4Fields fields, bool dontFragment, Instant now)
    {
        // A packet that cannot be fragmented needs no identification (RFC 6864 §4.1).
        fields = dontFragment
            ? fields with { FlagsAndOffset = IPv4Header.DontFragmentFlag }
            : fields with { Identification = _identification.Next(route.Destination, fields.Protocol) };
        IPv4Header.Write(frame.Prepend(fields.HeaderLength), fields);
        SendPacket(frame, route, now);
    }

    private void SendFragments(Frame whole, in Route route, in IPv4Fields fields, Instant now)
    {
        ushort identification = _identification.Next(route.Destination, fields.Protocol);
        int room = (route.Mtu - IPv4Header.MinLength) / IPv4Header.FragmentUnit * IPv4Header.FragmentUnit;
        for (int offset = 0; offset < whole.Length; offset += room)
        {
            int length = int.Min(room, whole.Length - offset);
            bool isLast = offset + length == whole.Length;
            Frame fragment = link.RentFrame();
            whole.Octets.Slice(offset, length).CopyTo(fragment.Append(length));
            IPv4Header.Write(fragment.Prepend(IPv4Header.MinLength), fields with
            {
                TotalLength = IPv4Header.MinLength + length,
                Identification = identification,
                FlagsAndOffset =
                    (ushort)(offset / IPv4Header.FragmentUnit | (isLast ? 0 : IPv4Header.MoreFragmentsFlag)),
            });
            SendPacket(fragment, route, now);
        }
        whole.Dispose();
    }

    private void SendPacket(Frame packet, in Route route, Instant now)
    {
        if (route.IsLoopback)
            loopback.Enqueue(packet);
        else if (claims.State != AddressState.Usable)
            counters.Drop(packet, DropReason.AddressNotUsable);
        else if (route.IsBroadcast || route.Destination.IsMulticast)
        {
            if (route.ReturnsCopy)
                loopback.Enqueue(Copy(packet));
            link.Send(packet, route.IsBroadcast ? MacAddress.Broadcast : GroupMac(route.Destination), EtherType.IPv4);
        }
        else
            neighbors.Send(packet, route.NextHop, now);
    }

    private Frame Copy(Frame packet)
    {
        Frame copy = link.RentFrame();
        copy.AppendCopyOf(packet);
        return copy;
    }

    /// <summary>01-00-5e and the group's low 23 bits (RFC 1112 §6.4).</summary>
    private static MacAddress GroupMac(IpAddress group) =>
        new([0x01, 0x00, 0x5e, (byte)(group.V4 >> 16 & 0x7f), (byte)(group.V4 >> 8), (byte)group.V4]);
}
