using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport;

/// <summary>What the protocols of <see cref="MessageSocket"/>s have in common: who is bound where, which way messages go, what errors mean.</summary>
internal abstract class MessageProtocol(INetworkLayer network, Entropy entropy, StackCounters counters)
{
    protected INetworkLayer Network { get; } = network;

    protected StackCounters Counters { get; } = counters;

    protected MessagePorts Ports { get; } = new();

    public MulticastOptions NewMulticastOptions() => new(Network);

    /// <summary>See <see cref="MessageSocket.Bind"/>; the socket is unbound.</summary>
    public Errno Bind(MessageSocket socket, IpEndpoint local)
    {
        Errno errno = CheckFamily(socket, local.Address, Errno.EINVAL);
        if (errno != Errno.None)
            return errno;
        IpAddress address = local.Address;
        if (!MayBind(address))
            return Errno.EADDRNOTAVAIL;
        ushort port = local.Port;
        if (port == 0)
        {
            if (!EphemeralPorts.TryChoose(entropy, candidate => IsUnused(socket, address, candidate), out port))
                return Errno.EADDRINUSE;
        }
        else if (!Ports.IsFree(socket, address, port))
            return Errno.EADDRINUSE;
        socket.SetLocal(new IpEndpoint(address, port));
        Ports.Add(socket);
        return Errno.None;
    }

    public void Release(MessageSocket socket) => Ports.Remove(socket);

    /// <summary>See <see cref="MessageSocket.Connect"/>; the socket is bound.</summary>
    public Errno FindRoute(MessageSocket socket, IpAddress destination, out Route route) =>
        FindRoute(socket, destination, from: null, out route);

    /// <summary>See <see cref="MessageSocket.Send(ReadOnlySpan{byte}, IpEndpoint?, in DatagramMarks, Instant)"/>; the socket is bound.</summary>
    public abstract Errno Send(MessageSocket socket, ReadOnlySpan<byte> payload, IpEndpoint to, in DatagramMarks marks, Instant now);

    /// <summary>False for an address that no socket of this protocol is bound to.</summary>
    protected virtual bool MayBind(IpAddress address) => address.IsAny || Network.IsLocal(address);

    /// <summary>Plans how a message leaves that takes so many octets of an IP packet.</summary>
    /// <returns>None also where nobody may have it, and then there is no plan.</returns>
    protected Errno Plan(
        MessageSocket socket, byte protocol, int octets, IpAddress destination, in DatagramMarks marks, out MessagePlan? plan)
    {
        plan = null;
        Errno errno = FindRoute(socket, destination, marks.Source, out Route route);
        if (errno != Errno.None)
            return errno;
        byte timeToLive = marks.TimeToLive ?? (route.Destination.IsMulticast ? socket.Multicast.TimeToLive : socket.TimeToLive);
        if (route.Destination.IsMulticast && !TryReach(socket.Multicast, timeToLive, ref route))
            return Errno.None;
        PathMtuDiscovery discovery = socket.PathMtuDiscovery;
        if (discovery >= PathMtuDiscovery.Probe)
            route = route with { Mtu = route.LinkMtu };
        bool fits = IPv4Header.MinLength + octets <= route.Mtu;
        if (!fits && discovery is PathMtuDiscovery.Always or PathMtuDiscovery.Probe or PathMtuDiscovery.Interface)
            return Errno.EMSGSIZE;
        bool mayBeCut = !fits || discovery is PathMtuDiscovery.Never or PathMtuDiscovery.Interface or PathMtuDiscovery.Omit;
        plan = new(route, new PacketOptions(protocol, timeToLive, marks.TypeOfService ?? socket.TypeOfService, !mayBeCut));
        return Errno.None;
    }

    /// <summary>Gives the socket a frame whose window is the message, if there is room for it.</summary>
    protected void Deliver(MessageSocket socket, Frame frame, in PacketInfo packet, IpEndpoint source, IpEndpoint destination)
    {
        frame = Network.Compact(frame);
        var datagram = new Datagram(frame, source, destination)
        {
            TimeToLive = packet.TimeToLive,
            TypeOfService = packet.TypeOfService,
        };
        if (!socket.TryEnqueue(datagram))
            Counters.Drop(frame, DropReason.MessageQueueFull);
    }

    /// <summary>
    /// Tells the socket what became of a message of its. Only a connected one learns of errors, and only of final ones
    /// (RFC 1122 §4.1.3.3, as Linux has it), unless it wants all.
    /// </summary>
    protected void Tell(MessageSocket socket, in IcmpError error, IpEndpoint destination, ReadOnlySpan<byte> payload, Instant now)
    {
        if (error.Mtu is { } mtu)
            Network.ReportPathMtu(error.Destination, mtu, now);
        if (socket.QueuesErrors)
        {
            socket.Queue(new DatagramError
            {
                Errno = error.Errno,
                Destination = destination,
                Offender = error.Offender,
                Type = error.Type,
                Code = error.Code,
                Mtu = error.Mtu ?? 0,
                TimeToLive = error.TimeToLive,
                TypeOfService = error.TypeOfService,
                Local = error.Local,
                Payload = payload[..Math.Min(payload.Length, DatagramError.MostPayload)].ToArray(),
            });
        }
        if (socket.QueuesErrors || (socket.Remote is not null && (error.IsHard || error.Errno == Errno.EMSGSIZE)))
            socket.Fail(error.Errno);
    }

    /// <summary>The same from a certain one of our addresses.</summary>
    private Errno FindRoute(MessageSocket socket, IpAddress destination, IpAddress? from, out Route route)
    {
        route = default;
        Errno errno = CheckFamily(socket, destination, Errno.ENETUNREACH);
        if (errno != Errno.None)
            return errno;
        if (from is { } wanted && !Network.IsLocal(wanted))
            return Errno.EINVAL; // Linux's, where the source comes with the datagram
        // A socket may be bound to a broadcast or multicast address, which is nobody's source.
        IpAddress local = from ?? socket.Local.Address;
        IpAddress source = Network.IsLocal(local) ? local
            : destination.IsMulticast ? socket.Multicast.Interface
            : IpAddress.AnyV4;
        errno = Network.TryRoute(destination, source, out route);
        if (errno == Errno.None && route.IsBroadcast && !socket.AllowBroadcast)
            return Errno.EACCES;
        return errno;
    }

    /// <summary>How far a message to a group may go.</summary>
    /// <returns>False if nobody may have it.</returns>
    private static bool TryReach(MulticastOptions options, byte timeToLive, ref Route route)
    {
        if (!options.LoopsBack)
            route = route with { ReturnsCopy = false };
        if (timeToLive > 0 || route.IsLoopback)
            return true;
        bool hasMembers = route.ReturnsCopy;
        route = route with { IsLoopback = true };
        return hasMembers;
    }

    private bool IsUnused(MessageSocket socket, IpAddress address, ushort port)
    {
        // A port chosen for somebody who asked for none is shared with nobody, whatever the options say.
        foreach (MessageSocket other in Ports.At(port))
        {
            if (LocalBinding.Overlaps(other, socket, address))
                return false;
        }
        return true;
    }

    private static Errno CheckFamily(MessageSocket socket, IpAddress address, Errno whenV6Only) =>
        !socket.IsV6 && !address.IsV4 ? Errno.EAFNOSUPPORT
        : socket.V6Only && address.IsV4 ? whenV6Only
        : Errno.None;
}

/// <summary>The way of a message, and the header fields of its packet.</summary>
internal readonly record struct MessagePlan(Route Route, PacketOptions Options);
