using Pyco.Host.Loop;

namespace Pyco.Network.Gateway;

/// <summary>One of a gateway's sockets outside, watched by the loop.</summary>
internal abstract class OutsideSource(GatewayContext context) : SocketSource(context.Loop)
{
    protected GatewayContext Context { get; } = context;

    /// <summary>Takes over a descriptor that <see cref="OutsideSockets"/> has made; false if the kernel cannot watch one more.</summary>
    protected bool TryTake(int descriptor)
    {
        bool isWatched = TryWatch(descriptor);
        if (!isWatched)
            Context.Sockets.NoteClosed();
        return isWatched;
    }

    /// <summary>Closes the socket, if that was not done yet.</summary>
    protected void Release()
    {
        if (!IsAttached)
            return;
        Close();
        Context.Sockets.NoteClosed();
    }
}
