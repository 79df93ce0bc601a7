using System.Text.Json;

namespace Pyco.Network.Gateway;

/// <summary>What a gateway tells of itself.</summary>
internal static class GatewayReport
{
    /// <summary>Writes an object, or null for a network without a gateway.</summary>
    public static void Write(Utf8JsonWriter json, NetworkGateway? gateway)
    {
        if (gateway is null)
        {
            json.WriteNull("nat");
            return;
        }
        json.WriteStartObject("nat");
        json.WriteNumber("connections", gateway.Connections.Count);
        json.WriteNumber("connectionsOpened", gateway.Connections.Opened);
        json.WriteNumber("connectionsFailed", gateway.Connections.Failed);
        json.WriteNumber("flows", gateway.Datagrams.Count);
        json.WriteNumber("flowsOpened", gateway.Datagrams.Opened);
        json.WriteNumber("flowsDisplaced", gateway.Datagrams.Displaced);
        json.WriteNumber("datagramsSent", gateway.Datagrams.Sent);
        json.WriteNumber("datagramsReceived", gateway.Datagrams.Received);
        json.WriteNumber("datagramsDropped", gateway.Datagrams.Dropped);
        json.WriteNumber("echoes", gateway.Echoes.Count);
        json.WriteNumber("denied", gateway.Denied);
        json.WriteNumber("leases", gateway.Leases);
        json.WriteEndObject();
    }
}
