using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>The octets behind a connect request that switch POLLOUT off until the host has read them.</summary>
internal static unsafe class Filler
{
    private const int ChunkLength = 65536;
    private const int MaxChunks = 32;

    // Never written, so all of it is the kernel's one page of zeros.
#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Zeros Chunk;
#pragma warning restore CS0169

    /// <summary>Sends a connect request.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="request">The request, but for its argument.</param>
    /// <param name="sendBuffer">The socket's SO_SNDBUF.</param>
    internal static Errno SendRequest(int fd, Request* request, int sendBuffer)
    {
        int length = LengthFor(sendBuffer);
        request->Argument = length;
        StackHost.Sign(request);
        IoVector* vectors = stackalloc IoVector[MaxChunks + 1];
        vectors[0].Base = (byte*)request;
        vectors[0].Length = (nuint)sizeof(Request);
        int count = 1;
        fixed (byte* zeros = Chunk.Octets)
        {
            for (int left = length; left > 0; left -= ChunkLength)
            {
                vectors[count].Base = zeros;
                vectors[count].Length = (nuint)(left < ChunkLength ? left : ChunkLength);
                count++;
            }

            // One call, so that no other thread sees the socket connected and still writable for longer than need be.
            MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
            nint sent = Kernel.SendMessage(fd, &message, MsgDontwait | MsgNosignal);
            return sent == sizeof(Request) + length ? Errno.None : Errno.ENETDOWN;
        }
    }

    private static int LengthFor(int sendBuffer)
    {
        int length = (sendBuffer / 4) + HostProtocol.FillerMargin;
        return length < ChunkLength * MaxChunks ? length : ChunkLength * MaxChunks;
    }

    private struct Zeros
    {
        public fixed byte Octets[ChunkLength];
    }
}
