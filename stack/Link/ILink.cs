using Pyco.Stack.Wire;

namespace Pyco.Stack.Link;

/// <summary>A wire that carries Ethernet frames without FCS: a VDE switch, a port of our own switch, a test.</summary>
public interface ILink
{
    /// <summary>The largest IP packet in octets that the wire carries; 1500 on a stock VDE switch.</summary>
    int Mtu { get; }

    /// <summary>
    /// Frames that the wire's next queue holds before it drops. TCP keeps what it has in flight to one neighbour below this
    /// while the round trip is that of a local network, and every burst else; null when the wire pushes back instead.
    /// </summary>
    int? QueueFrames { get; }

    /// <summary>True if frames never leave this process's memory, so that checksums prove nothing.</summary>
    /// <remarks>
    /// Transports then leave checksums out, and mark the frame (<see cref="Frame.LacksChecksum"/>). The link must fill them
    /// in wherever a frame leaves the process after all (<see cref="Offload.ChecksumCompletion"/>).
    /// </remarks>
    bool ChecksumTrusted { get; }

    /// <summary>
    /// The largest IP packet in octets that the link takes in one frame although it is larger than <see cref="Mtu"/>, at most
    /// 65,535: TCP then sends many segments in one frame (<see cref="Frame.SegmentSize"/>). Zero if every frame must fit
    /// the MTU. The link must split such a frame wherever it leaves the process (<see cref="Offload.SegmentSplitter"/>).
    /// </summary>
    int MaxSuperSegment { get; }

    /// <summary>Takes the frame: the link disposes it, sent or dropped.</summary>
    void Send(Frame frame);
}
