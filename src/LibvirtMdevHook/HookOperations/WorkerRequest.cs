using System.Globalization;
using System.Text;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HookOperations;

/// <summary>What the hook hands to its worker over the socket, and what it gets back.</summary>
/// <param name="Domain">Empty at prepare, where the XML tells.</param>
/// <param name="Call">
/// When libvirt called the hook: nothing of the domain that is younger may be acted on.
/// </param>
/// <param name="Name">The domain's name as libvirtd gave it, unchecked.</param>
/// <param name="Deadline">
/// When the worker stops waiting for anything, in time for undoing and answering.
/// </param>
internal sealed record WorkerRequest(
    HookOperation Operation, Moment Call, Guid Domain, string Name, ReadOnlyMemory<byte> Xml, Deadline Deadline)
{
    private const int HeaderLength = 128;
    private const int AnswerHeaderLength = 12;
    private const int MaximumSentence = 1 << 16;
    private const int MaximumName = 1 << 20;
    private const int MaximumXml = DomainDocument.MaximumBytes + 1;

    /// <summary>
    /// A domain XML of the greatest length, and what its new names may add to it.
    /// </summary>
    private const int MaximumAnswer = DomainDocument.MaximumBytes + (1 << 20);

    public bool Send(SocketEnd worker, Deadline deadline)
    {
        var name = Encoding.UTF8.GetBytes(Name);
        var header = $"{Operation.Name} {Call.Nanoseconds} {Deadline.At} {Domain:D} {name.Length} {Xml.Length}".PadRight(HeaderLength);
        return worker.SendAll(Encoding.ASCII.GetBytes(header), deadline)
            && worker.SendAll(name, deadline)
            && worker.SendAll(Xml.Span, deadline);
    }

    /// <returns>Null when no whole request comes in time.</returns>
    public static WorkerRequest? Receive(SocketEnd hook, Deadline deadline)
    {
        var header = new byte[HeaderLength];
        if (hook.Receive(header, deadline) < HeaderLength
            || Encoding.ASCII.GetString(header).Trim().Split(' ') is not
                [var operation, var begin, var at, var domain, var nameLength, var xmlLength]
            || HookOperation.Find(operation) is not { } known || !Guid.TryParse(domain, out var uuid)
            || !long.TryParse(begin, NumberStyles.None, CultureInfo.InvariantCulture, out var call)
            || !long.TryParse(at, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var end)
            || Number(nameLength, MaximumName) is not { } nameBytes || Number(xmlLength, MaximumXml) is not { } xmlBytes)
            return null;
        var name = new byte[nameBytes];
        var xml = new byte[xmlBytes];
        if (hook.Receive(name, deadline) < name.Length || hook.Receive(xml, deadline) < xml.Length)
            return null;
        return new WorkerRequest(known, new Moment(call), uuid, Encoding.UTF8.GetString(name), xml, new Deadline(end));
    }

    public static bool SendAnswer(SocketEnd hook, Answer answer, Deadline deadline)
    {
        var sentence = Encoding.UTF8.GetBytes(answer.Sentence);
        var text = answer.IsGood ? answer.Xml.Span : sentence.AsSpan(0, Math.Min(sentence.Length, MaximumSentence));
        var header = $"{(answer.IsGood ? '+' : '-')}{text.Length}".PadRight(AnswerHeaderLength);
        return hook.SendAll(Encoding.ASCII.GetBytes(header), deadline) && hook.SendAll(text, deadline);
    }

    /// <returns>Null when no whole answer comes in time, or the worker ended without one.</returns>
    public static Answer? ReceiveAnswer(SocketEnd worker, Deadline deadline)
    {
        var header = new byte[AnswerHeaderLength];
        if (worker.Receive(header, deadline) < AnswerHeaderLength
            || Number(Encoding.ASCII.GetString(header.AsSpan(1)).Trim(), MaximumAnswer) is not { } length)
            return null;
        var text = new byte[length];
        if (worker.Receive(text, deadline) < text.Length)
            return null;
        return header[0] == '+' ? Answer.Rewritten(text) : Answer.Refused(Encoding.UTF8.GetString(text));
    }

    private static int? Number(string text, int maximum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= maximum ? number : null;
}
