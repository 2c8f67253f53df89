import UIKit
import WebKit

private let chat = URL(string: "https://hub.example.com/chat/app/")!

/// The chat of a onethread hub, for whoever is signed in. It says itself what was not sent, and sends it later.
final class ChatViewController: UIViewController, WKNavigationDelegate, WKUIDelegate, WKScriptMessageHandlerWithReply {
    private var web: WKWebView!

    override func loadView() {
        let configuration = WKWebViewConfiguration()
        configuration.websiteDataStore = .default() // the outbox is there
        configuration.allowsInlineMediaPlayback = true
        configuration.userContentController.addScriptMessageHandler(self, contentWorld: .page, name: "onethread")
        web = WKWebView(frame: .zero, configuration: configuration)
        web.navigationDelegate = self
        web.uiDelegate = self
        view = web
    }

    override func viewDidLoad() {
        super.viewDidLoad()
        web.load(URLRequest(url: chat))
    }

    /// What the page asks the app.
    func userContentController(
        _ controller: WKUserContentController,
        didReceive message: WKScriptMessage,
        replyHandler: @escaping (Any?, String?) -> Void
    ) {
        guard message.frameInfo.isMainFrame, message.frameInfo.securityOrigin.host == chat.host else {
            return replyHandler(nil, "not here")
        }
        switch message.body as? String {
        case "getToken":
            // A token of the user, made by your own server (see "Who is writing" of the protocol); nil for a visitor.
            Task { replyHandler(await Session.chatToken(), nil) }
        case "getContext":
            replyHandler(Self.context, nil)
        default:
            replyHandler(nil, "unknown")
        }
    }

    private static var context: String {
        let values = [
            "app_version": Bundle.main.infoDictionary?["CFBundleShortVersionString"] as? String ?? "",
            "device": UIDevice.current.model,
            "os": "iOS \(UIDevice.current.systemVersion)",
        ]
        let data = try? JSONSerialization.data(withJSONObject: values)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Only the hub's own pages are shown in here, for they alone may have the token.
    func webView(
        _ webView: WKWebView,
        decidePolicyFor action: WKNavigationAction,
        decisionHandler: @escaping (WKNavigationActionPolicy) -> Void
    ) {
        decisionHandler(action.request.url?.host == chat.host ? .allow : .cancel)
    }

    /// A link of a message, or a file: opened outside.
    func webView(
        _ webView: WKWebView,
        createWebViewWith configuration: WKWebViewConfiguration,
        for action: WKNavigationAction,
        windowFeatures: WKWindowFeatures
    ) -> WKWebView? {
        if let url = action.request.url { UIApplication.shared.open(url) }
        return nil
    }
}
