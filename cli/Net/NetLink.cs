using System.CommandLine;
using System.Text.Json;
using Pyco.Network;

namespace Pyco.Cli.Net;

/// <summary>pyco-net link: shows and changes what the cables of a running network do to frames.</summary>
internal static class NetLink
{
    public static Command Command()
    {
        Argument<string?> path = NetArguments.Path();
        Option<string?> host = new("--host") { HelpName = "ADDR", Description = "Only the cable of this host." };
        Option<string?> port = new("--port") { HelpName = "N", Description = "Only the cable of this port." };
        Option<string[]> set = new("--set")
        {
            HelpName = "SPEC",
            Description =
                "Change it, such as delay=20ms,jitter=5ms,loss=1%,rate=5mbit; up: or down: before a name starts those of one way; " +
                "none clears. What is not named stays as it was. May be given again.",
        };
        Option<bool> json = NetArguments.Json();
        Command command = new("link", "Show or change what cables do to frames: delay, loss, rate and so on.") { path, host, port, set, json };
        command.SetAction(words =>
        {
            string[] texts = words.GetValue(set) ?? [];
            if (words.GetValue(host) is not null && words.GetValue(port) is not null)
                throw LaunchException.Mistake("--host and --port cannot both be given");
            string lines = string.Concat(
                Line("host", words.GetValue(host)), Line("port", words.GetValue(port)), string.Concat(texts.Select(text => Line("set", text))));
            using NetworkClient network = NetArguments.Connect(NetArguments.PathOf(words.GetValue(path)));
            network.Ask("link", lines);
            string answer = network.ReadToEnd();
            Terminal.Out(words.GetValue(json) ? answer : Describe(answer));
        });
        return command;
    }

    private static string Line(string name, string? value) =>
        value is null ? ""
        : value.Contains('\n', StringComparison.Ordinal) ? throw new LaunchException($"--{name}: a line break is no part of it")
        : $"{name}={value}\n";

    private static string Describe(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        Columns table = new("PORT", "UP-PASSED", "UP-LOST", "UP-FULL", "DOWN-PASSED", "DOWN-LOST", "DOWN-FULL", "LINK", "WHO");
        foreach (JsonElement port in document.RootElement.EnumerateArray())
        {
            JsonElement up = port.GetProperty("up"), down = port.GetProperty("down");
            table.Add(
                port.GetProperty("port").ToString(),
                up.GetProperty("passed").ToString(),
                up.GetProperty("lost").ToString(),
                up.GetProperty("queueFull").ToString(),
                down.GetProperty("passed").ToString(),
                down.GetProperty("lost").ToString(),
                down.GetProperty("queueFull").ToString(),
                port.GetProperty("link").ToString(),
                port.GetProperty("description").ToString());
        }
        return table.ToString();
    }
}
