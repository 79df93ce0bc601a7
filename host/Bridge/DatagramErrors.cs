using Pyco.Host.Protocol;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>The errors of a UDP socket that its program wants to see one by one (IP_RECVERR).</summary>
internal static unsafe class DatagramErrors
{
    /// <summary>The oldest one; EAGAIN if none waits.</summary>
    public static Reply Take(ProgramSocket socket)
    {
        if (socket is not DatagramSocket datagrams || !datagrams.TryTakeQueuedError(out DatagramError? error))
            return RequestHandler.NewReply(Errno.EAGAIN);
        Reply reply = RequestHandler.AddressReply(error.Destination, socket.IsV6);
        reply.OptionLength = (ushort)sizeof(DatagramErrorDescription);
        var description = (DatagramErrorDescription*)reply.Option;
        description->Error = (int)error.Errno;
        description->Origin = DatagramErrorDescription.OriginLocal;
        description->Mtu = (uint)error.Mtu;
        if (error.Offender is { } offender)
        {
            description->Origin = DatagramErrorDescription.OriginIcmp;
            (description->Type, description->Code) = (error.Type, error.Code);
            description->Offender = WireAddresses.Write(new IpEndpoint(offender, 0), socket.IsV6);
            (description->TimeToLive, description->TypeOfService) = (error.TimeToLive, error.TypeOfService);
            if (error.Local.IsV4)
                error.Local.WriteV4(new Span<byte>(&reply.Argument, sizeof(int)));
        }
        ReadOnlySpan<byte> payload = error.Payload.AsSpan();
        payload = payload[..Math.Min(payload.Length, DatagramErrorDescription.PayloadCapacity)];
        description->PayloadLength = (byte)payload.Length;
        payload.CopyTo(new Span<byte>(description->Payload, DatagramErrorDescription.PayloadCapacity));
        return reply;
    }

    /// <summary>Keeps one that the shim has met: a datagram that is larger than the link takes.</summary>
    public static Errno Add(ProgramSocket socket, in Request request)
    {
        if (socket is not DatagramSocket datagrams || !WireAddresses.TryRead(request.Address, out IpEndpoint destination))
            return Errno.EINVAL;
        fixed (byte* option = request.Option)
        {
            var description = (DatagramErrorDescription*)option;
            datagrams.Messages.Queue(new DatagramError
            {
                Errno = (Errno)description->Error,
                Destination = destination,
                Mtu = (int)description->Mtu,
            });
        }
        return Errno.None;
    }
}
