using System.Buffers.Binary;
using Pyco.Vde;

namespace Pyco.Network.Capture;

/// <summary>Counts what the blocks of a capture hold while they pass, for the reader's last line.</summary>
internal sealed class BlockTally
{
    private const int HeaderLength = 8;

    private int _interfaces;
    private bool _hasStatistics;

    /// <summary>Frames in the blocks.</summary>
    public ulong Packets { get; private set; }

    /// <summary>Frames that the network left out; told at the end only.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Whether the blocks that end a capture have come. One without interfaces has none.</summary>
    public bool IsEnded => _interfaces == 0 || _hasStatistics;

    /// <summary>Counts the whole blocks with which the octets begin.</summary>
    /// <returns>Their length.</returns>
    /// <exception cref="IOException">These are no blocks.</exception>
    public int Count(ReadOnlySpan<byte> octets)
    {
        int start = 0;
        while (octets.Length - start >= HeaderLength)
        {
            ReadOnlySpan<byte> block = octets[start..];
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(block[sizeof(uint)..]);
            if (length < HeaderLength + sizeof(uint) || length > FrameCapture.BufferCapacity)
                throw new IOException("what the network sends is no capture: it is of another version");
            if (block.Length < length)
                break;
            Count(BinaryPrimitives.ReadUInt32LittleEndian(block), block[..(int)length]);
            start += (int)length;
        }
        return start;
    }

    private void Count(uint type, ReadOnlySpan<byte> block)
    {
        if (type == PcapngWriter.EnhancedPacket)
        {
            Packets++;
        }
        else if (type == PcapngWriter.InterfaceStatistics)
        {
            Dropped += PcapngWriter.ReadDropped(block);
            _hasStatistics = true;
        }
        else if (type == PcapngWriter.InterfaceDescription)
        {
            _interfaces++;
        }
    }
}
