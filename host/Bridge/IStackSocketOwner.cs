using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>Who is told what has changed on a socket of the stack: the socket's <see cref="StackSocket.Owner"/>.</summary>
internal interface IStackSocketOwner
{
    /// <summary>The stack says that something has changed.</summary>
    void OnStackEvents(SocketEvents events, Instant now);
}
