using Pyco.Stack.Wire;

namespace Pyco.Stack.Link;

/// <summary>The host's one network card: puts Ethernet headers on and counts what leaves (RFC 894).</summary>
internal sealed class EthernetInterface(ILink link, MacAddress mac, int mtu, FramePool frames, StackCounters counters)
{
    public MacAddress Mac { get; } = mac;

    /// <summary>The largest IP packet in octets.</summary>
    public int Mtu { get; } = mtu;

    public int? QueueFrames => link.QueueFrames;

    public bool ChecksumTrusted => link.ChecksumTrusted;

    public int MaxSuperSegment => int.Min(link.MaxSuperSegment, IPv4Header.MaxPacketLength);

    public Frame RentFrame() => frames.Rent();

    /// <summary>Takes the frame, whose window is what the Ethernet frame shall carry.</summary>
    public void Send(Frame frame, MacAddress destination, ushort etherType)
    {
        EthernetHeader.Write(frame.Prepend(EthernetHeader.Length), destination, Mac, etherType);
        counters.FramesSent++;
        counters.OctetsSent += frame.Length;
        link.Send(frame);
    }
}
