using Pyco.Host;
using Pyco.Host.Control;
using Pyco.Stack;

namespace Pyco.Network.Control;

/// <summary>Does what is asked on a network's control socket.</summary>
internal sealed class ControlHandler(VirtualNetwork network)
{
    public void Handle(ControlConnection connection, ControlRequest request, Instant now)
    {
        try
        {
            switch (request.Verb)
            {
                case "join":
                    network.Hosts.Join(HostOrder.Read(request.Text), connection, connection.TakeAttached());
                    break;
                case "status":
                    connection.Send(ControlRequest.Ok + "\n");
                    connection.Answer(NetworkReport.Status(network));
                    break;
                case "ps":
                    connection.Send(ControlRequest.Ok + "\n");
                    connection.Answer(NetworkReport.Hosts(network));
                    break;
                case "link":
                    string links = LinkRequests.Handle(network, request, connection.Peer);
                    connection.Send(ControlRequest.Ok + "\n");
                    connection.Answer(links);
                    break;
                case "capture":
                    network.Captures.Begin(connection, request);
                    break;
                case "wait":
                    break; // not answered: that the connection ends tells that the network has ended
                case "stop":
                    Stop(connection);
                    break;
                default:
                    connection.Refuse(
                        $"'{request.Verb}' is unknown to this network, which is of version {ProductVersion.Own}: stop it, and start it again");
                    break;
            }
        }
        catch (RefusedException refusal)
        {
            connection.Refuse(refusal.Message);
        }
        catch (FormatException failure)
        {
            connection.Refuse($"bad request: {failure.Message}");
        }
    }

    private void Stop(ControlConnection connection)
    {
        if (connection.Peer.UserId != 0 && connection.Peer.UserId != Posix.Libc.geteuid())
        {
            connection.Refuse("the network is another user's");
            return;
        }
        network.Log($"stopped by pid {connection.Peer.ProcessId}");
        network.Loop.StopRequested = true;
        // Not answered: that the connection ends with the network is what the other side waits for.
    }
}

/// <summary>A network cannot or must not do what it was asked for; the message is for the user.</summary>
internal sealed class RefusedException(string message) : Exception(message);
